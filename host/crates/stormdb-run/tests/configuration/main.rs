//! Configuration and plan as a user meets them: files, variables and flags in; bands, warnings and error texts out.

mod errors;
mod layers;
mod load;
mod passwords;
mod plans;
mod property;
mod samples;
mod workload_keys;
