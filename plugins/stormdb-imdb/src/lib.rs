//! Movies, actors, comments and votes: the imdb workload
