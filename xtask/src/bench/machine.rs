//! What figures depend on besides the programs: the machine.

use std::fs;

/// One line: processor, cores, memory, kernel. What cannot be read is left out.
pub(crate) fn describe() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpu =
        value(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| "unknown CPU".to_owned());
    let mut parts = vec![cpu];
    if let Ok(cores) = std::thread::available_parallelism() {
        parts.push(format!("{cores} cores"));
    }
    let memory = value(&read("/proc/meminfo"), "MemTotal");
    let kib = memory.and_then(|memory| memory.split_whitespace().next()?.parse::<u64>().ok());
    parts.extend(kib.map(|kib| format!("{} GiB", (kib + (1 << 19)) >> 20)));
    let kernel = read("/proc/sys/kernel/osrelease");
    parts.push(format!("Linux {}", kernel.trim()));
    parts.join(", ")
}

/// The first value of `key` in lines of `key : value`.
fn value(text: &str, key: &str) -> Option<String> {
    let pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs.filter(|(found, _)| found.trim() == key).map(|(_, value)| value.trim().to_owned()).next()
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn the_first_processor_is_named() {
        let text = "processor\t: 0\nmodel name\t: Fast 9: X\nprocessor\t: 1\nmodel name\t: Slow\n";
        assert_eq!(value(text, "model name").as_deref(), Some("Fast 9: X"));
        assert_eq!(value(text, "flags"), None);
    }
}
