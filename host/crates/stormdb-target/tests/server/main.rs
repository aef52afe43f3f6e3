//! The target against real PostgreSQL servers.

#[cfg(test)]
mod lab;
#[cfg(test)]
mod stage;

#[cfg(test)]
mod cluster;
#[cfg(test)]
mod connect;
#[cfg(test)]
mod preflight;
#[cfg(test)]
mod session;
#[cfg(test)]
mod tls;
