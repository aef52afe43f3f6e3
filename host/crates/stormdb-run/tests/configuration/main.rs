//! Configuration and plan as a user meets them: files, variables and flags in; bands, warnings and
//! error texts out.

#[cfg(test)]
mod adaptive;
#[cfg(test)]
mod arrivals;
#[cfg(test)]
mod contradictions;
#[cfg(test)]
mod cost;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod load;
#[cfg(test)]
mod passwords;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod property;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod workload_keys;
