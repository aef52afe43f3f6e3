//! The interface between the StormDB host and its workload plugins
