//! Files of `/proc`, parsed.

use std::{fs, path::Path};

use super::super::absence::Absence;

/// Processor time and run-queue delay of a process, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Usage {
    pub(super) cpu: f64,
    /// Ready to run, and waiting for a processor; `None` where the kernel does not count it.
    pub(super) waited: Option<f64>,
}

/// Time of all processors together since the machine started, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ProcessorTimes {
    total: u64,
    idle: u64,
    io_wait: u64,
}

/// Time in which tasks of the machine were stalled since it started, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct StallTimes {
    pub(super) cpu_some: f64,
    pub(super) io_some: f64,
    pub(super) io_full: f64,
    pub(super) memory_some: f64,
    pub(super) memory_full: f64,
}

/// What `/proc/PID/stat` says.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Status {
    parent: i32,
    /// User and system time in seconds.
    cpu: f64,
    /// The same of children that ended and were waited for.
    ended_children_cpu: f64,
}

/// The process's own description of itself.
pub(super) fn command_line(pid: i32) -> Result<String, Absence> {
    Ok(read(&format!("/proc/{pid}/cmdline"))?.replace('\0', " "))
}

pub(super) fn parent(pid: i32) -> Result<i32, Absence> {
    Ok(status(pid)?.parent)
}

/// To the nanosecond where the kernel keeps `schedstat`, else to the tick.
pub(super) fn usage(pid: i32) -> Result<Usage, Absence> {
    let scheduled = read(&format!("/proc/{pid}/schedstat")).ok();
    match scheduled.as_deref().and_then(parse_schedstat) {
        Some(usage) => Ok(usage),
        None => Ok(Usage { cpu: status(pid)?.cpu, waited: None }),
    }
}

/// Processor time of a process, its children, and its children that ended, in seconds.
pub(super) fn family_cpu(pid: i32) -> Result<f64, Absence> {
    let children = read(&format!("/proc/{pid}/task/{pid}/children"))?;
    let own = status(pid)?;
    let living = children.split_whitespace().filter_map(|child| child.parse().ok());
    let living: f64 = living.filter_map(|child| status(child).ok()).map(|child| child.cpu).sum();
    Ok(own.cpu + own.ended_children_cpu + living)
}

/// Processors that are online, and their times.
pub(super) fn processors() -> Result<(u32, ProcessorTimes), Absence> {
    parsed("/proc/stat", parse_processors)
}

pub(super) fn stalls() -> Result<StallTimes, Absence> {
    let [cpu_some, _] = parsed("/proc/pressure/cpu", parse_pressure)?;
    let [io_some, io_full] = parsed("/proc/pressure/io", parse_pressure)?;
    let [memory_some, memory_full] = parsed("/proc/pressure/memory", parse_pressure)?;
    Ok(StallTimes { cpu_some, io_some, io_full, memory_some, memory_full })
}

fn status(pid: i32) -> Result<Status, Absence> {
    let ticks = rustix::param::clock_ticks_per_second();
    parsed(&format!("/proc/{pid}/stat"), |text| parse_status(text, ticks))
}

pub(super) fn read(path: &str) -> Result<String, Absence> {
    fs::read_to_string(path).map_err(|source| Absence::Unreadable { path: path.into(), source })
}

pub(super) fn parsed<T>(path: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, Absence> {
    parse(&read(path)?).ok_or_else(|| Absence::Unsaid { path: Path::new(path).to_path_buf() })
}

/// `1 (name) S 0 …`; the name may hold anything, so that fields are counted from its last parenthesis.
fn parse_status(text: &str, ticks_per_second: u64) -> Option<Status> {
    let (_, fields) = text.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    #[expect(clippy::cast_precision_loss, reason = "ticks are far below 2^53")]
    let seconds = |user: usize| {
        let ticks = |field: usize| fields.get(field)?.parse::<u64>().ok();
        Some((ticks(user)? + ticks(user + 1)?) as f64 / ticks_per_second as f64)
    };
    Some(Status {
        parent: fields.get(1)?.parse().ok()?,
        cpu: seconds(11)?,
        ended_children_cpu: seconds(13)?,
    })
}

/// Nanoseconds on a processor, nanoseconds in a run queue, time slices.
fn parse_schedstat(text: &str) -> Option<Usage> {
    let mut fields = text.split_whitespace().map(|field| field.parse::<u64>().ok());
    #[expect(clippy::cast_precision_loss, reason = "2^53 ns are a hundred days of processor time")]
    let mut seconds = || Some(fields.next()?? as f64 / 1e9);
    Some(Usage { cpu: seconds()?, waited: Some(seconds()?) })
}

fn parse_processors(text: &str) -> Option<(u32, ProcessorTimes)> {
    let mut lines = text.lines().filter(|line| line.starts_with("cpu"));
    let all = lines.next()?.split_whitespace().skip(1);
    // User, nice, system, idle, waiting for a disk, two kinds of interrupt, stolen; guests are in user and nice.
    let times: Vec<u64> = all.take(8).map_while(|field| field.parse().ok()).collect();
    let (idle, io_wait) = (*times.get(3)?, *times.get(4)?);
    let cores = u32::try_from(lines.count()).ok()?;
    Some((cores, ProcessorTimes { total: times.iter().sum(), idle, io_wait }))
}

/// Microseconds of `some` and `full`, as seconds.
fn parse_pressure(text: &str) -> Option<[f64; 2]> {
    let total = |kind: &str| {
        let line = text.lines().find(|line| line.starts_with(kind))?;
        let micros: u64 = line.rsplit_once("total=")?.1.trim().parse().ok()?;
        #[expect(clippy::cast_precision_loss, reason = "2^53 µs are 285 years")]
        Some(micros as f64 / 1e6)
    };
    // Kernels before 5.13 have no `full` for processors.
    Some([total("some")?, total("full").unwrap_or(0.0)])
}

impl ProcessorTimes {
    /// Shares (0 to 1) of the time that were busy, and idle with a disk outstanding; nothing when no tick passed.
    pub(super) fn shares_since(&self, before: &Self) -> (Option<f64>, Option<f64>) {
        let total = self.total.saturating_sub(before.total);
        #[expect(clippy::cast_precision_loss, reason = "ticks are far below 2^53")]
        let share = |ticks: u64| (total > 0).then(|| (ticks as f64 / total as f64).clamp(0.0, 1.0));
        let idle = self.idle.saturating_sub(before.idle);
        let io_wait = self.io_wait.saturating_sub(before.io_wait);
        (share(total.saturating_sub(idle).saturating_sub(io_wait)), share(io_wait))
    }
}

#[cfg(test)]
mod tests {
    use super::{
        ProcessorTimes, Status, Usage, parse_pressure, parse_processors, parse_schedstat,
        parse_status,
    };

    #[test]
    fn a_name_with_parentheses_hides_no_field() {
        let text = "77 (po) st (x) S 12 77 77 0 -1 4194560 1 2 3 4 150 50 700 300 20 0 1 0 9 9";
        let expected = Status { parent: 12, cpu: 2.0, ended_children_cpu: 10.0 };
        assert_eq!(parse_status(text, 100), Some(expected));
        assert_eq!(parse_status("77 (x) S 12 1", 100), None);
    }

    #[test]
    fn schedstat_is_in_nanoseconds() {
        let expected = Usage { cpu: 1.5, waited: Some(0.25) };
        assert_eq!(parse_schedstat("1500000000 250000000 9\n"), Some(expected));
        assert_eq!(parse_schedstat(""), None);
    }

    #[test]
    fn waiting_for_a_disk_is_not_busy_and_guests_are_not_counted_twice() {
        let (cores, before) =
            parse_processors("cpu 0 0 0 0 0 0 0 0 0 0\ncpu0 0\ncpu1 0\nintr 7").unwrap();
        let (_, after) = parse_processors("cpu 50 0 10 20 20 0 0 0 50 0\ncpu0 0\n").unwrap();
        assert_eq!(cores, 2);
        assert_eq!(after.shares_since(&before), (Some(0.6), Some(0.2)));
        assert_eq!(after.shares_since(&after), (None, None));
        assert_eq!(after, ProcessorTimes { total: 100, idle: 20, io_wait: 20 });
    }

    #[test]
    fn pressure_is_in_microseconds() {
        let text = "some avg10=0.00 avg60=0.00 avg300=0.00 total=1500000\n\
                    full avg10=0.00 avg60=0.00 avg300=0.00 total=500000\n";
        assert_eq!(parse_pressure(text), Some([1.5, 0.5]));
        assert_eq!(parse_pressure("some avg10=0.00 total=7000000\n"), Some([7.0, 0.0]));
    }
}
