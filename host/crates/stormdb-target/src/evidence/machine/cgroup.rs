//! The control group of the server: how long its CPU quota kept it from running.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{super::absence::Absence, proc};

/// The files that count throttling of the process's group and of the groups above it: each may have a quota.
///
/// # Errors
/// None of its groups counts throttling.
pub(super) fn cpu_statistics(pid: i32) -> Result<Vec<PathBuf>, Absence> {
    let list = format!("/proc/{pid}/cgroup");
    let (groups, mounts) = (proc::read(&list)?, proc::read("/proc/self/mounts")?);
    let mut found = candidates(&groups, &mounts);
    found.retain(|path| throttled_in(path).is_ok());
    if found.is_empty() { Err(Absence::Unsaid { path: list.into() }) } else { Ok(found) }
}

/// Seconds for which one of the groups was kept from running.
pub(super) fn throttled(statistics: &[PathBuf]) -> Result<f64, Absence> {
    statistics.iter().map(|path| throttled_in(path)).sum()
}

fn throttled_in(statistics: &Path) -> Result<f64, Absence> {
    let unreadable = |source| Absence::Unreadable { path: statistics.to_path_buf(), source };
    let text = fs::read_to_string(statistics).map_err(unreadable)?;
    parse_throttled(&text).ok_or_else(|| Absence::Unsaid { path: statistics.to_path_buf() })
}

/// Files that may say it, the nearest group first. A container sees its own group as the root of the mount.
fn candidates(groups: &str, mounts: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(group)) = (parts.next(), parts.next()) else { continue };
        let is_unified = controllers.is_empty();
        if !is_unified && !controllers.split(',').any(|controller| controller == "cpu") {
            continue;
        }
        for mount in mounts.lines().filter_map(|mount| mount_point(mount, is_unified)) {
            let group = Path::new(group.trim_start_matches('/'));
            files.extend(
                group.ancestors().map(|group| Path::new(mount).join(group).join("cpu.stat")),
            );
        }
    }
    files
}

/// Of a line of `/proc/self/mounts`, if it is the file system of the groups that count throttling.
fn mount_point(mount: &str, is_unified: bool) -> Option<&str> {
    let mut fields = mount.split(' ').skip(1);
    let (point, kind, options) = (fields.next()?, fields.next()?, fields.next()?);
    let is_meant = if is_unified {
        kind == "cgroup2"
    } else {
        kind == "cgroup" && options.split(',').any(|option| option == "cpu")
    };
    is_meant.then_some(point)
}

fn parse_throttled(text: &str) -> Option<f64> {
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
        line.trim().parse::<u64>().ok()
    };
    #[expect(clippy::cast_precision_loss, reason = "2^53 ns are a hundred days of throttling")]
    let seconds = value("throttled_usec")
        .map(|micros| micros as f64 / 1e6)
        .or_else(|| value("throttled_time").map(|nanos| nanos as f64 / 1e9));
    seconds
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{candidates, parse_throttled};

    #[test]
    fn both_generations_of_control_groups_are_understood() {
        assert_eq!(parse_throttled("nr_throttled 3\nthrottled_usec 2500000\n"), Some(2.5));
        assert_eq!(parse_throttled("nr_periods 0\nthrottled_time 1500000000\n"), Some(1.5));
        assert_eq!(parse_throttled("usage_usec 7\n"), None);
    }

    #[test]
    fn the_nearest_group_comes_first() {
        let mounts = "cgroup /cg/cpu cgroup rw,cpu,cpuacct 0 0\ncgroup2 /cg/two cgroup2 rw 0 0\n";
        let found = candidates("5:memory:/m\n1:cpu,cpuacct:/a/b\n0::/\n", mounts);
        let expected =
            ["/cg/cpu/a/b/cpu.stat", "/cg/cpu/a/cpu.stat", "/cg/cpu/cpu.stat", "/cg/two/cpu.stat"];
        assert_eq!(found, expected.map(Path::new));
    }
}
