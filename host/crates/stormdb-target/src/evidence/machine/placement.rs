//! Which processors load and server may run on, as the kernel says: whether they can take from each other.

use stormdb_run::evidence::Placement;

use super::{super::absence::Absence, LocalServer, proc};

impl LocalServer {
    /// Of the server's processes and the process `load`.
    ///
    /// # Errors
    /// The kernel does not say.
    pub fn placement(&self, load: u32) -> Result<Placement, Absence> {
        let allowed = |pid: &str| proc::parsed(&format!("/proc/{pid}/status"), parse_allowed);
        Ok(Placement {
            load_processors: allowed(&load.to_string())?,
            server_processors: allowed(&self.postmaster.to_string())?,
        })
    }
}

/// The numbers of `Cpus_allowed_list: 0-2,7`.
fn parse_allowed(status: &str) -> Option<Vec<u32>> {
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    let mut numbers = Vec::new();
    for range in list.trim().split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        numbers.extend(first.parse::<u32>().ok()?..=last.parse().ok()?);
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::parse_allowed;

    #[test]
    fn ranges_and_single_processors_are_listed() {
        let status =
            "Name:\tpostgres\nCpus_allowed:\t87\nCpus_allowed_list:\t0-2,7\nMems_allowed:\t1\n";
        assert_eq!(parse_allowed(status), Some(vec![0, 1, 2, 7]));
        assert_eq!(parse_allowed("Cpus_allowed_list:\t1\n"), Some(vec![1]));
        assert_eq!(parse_allowed("Name:\tpostgres\n"), None);
    }
}
