//! The target against real PostgreSQL servers.

#[cfg(test)]
mod asks;
#[cfg(test)]
mod lab;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod versus;

#[cfg(test)]
mod cluster;
#[cfg(test)]
mod connect;
#[cfg(test)]
mod evidence;
#[cfg(test)]
mod interruptions;
#[cfg(test)]
mod preflight;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod session;
#[cfg(test)]
mod tls;
