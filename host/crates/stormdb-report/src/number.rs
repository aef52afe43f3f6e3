//! Numbers and durations for people: thousands separators, and as many decimals as the size deserves.

use std::time::Duration;

/// A whole number, `1,234,567`.
#[must_use]
pub fn count(value: u64) -> String {
    group(&value.to_string())
}

/// A number with this many decimals, `1,234.5`.
#[must_use]
pub fn decimals(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    // A small negative value rounds to a zero that would keep its sign.
    let text = match text.strip_prefix('-') {
        Some(zero) if zero.chars().all(|digit| matches!(digit, '0' | '.')) => zero,
        _ => &text,
    };
    group(text)
}

/// Something per second, or milliseconds: three digits or more that mean something, without a tail of noise.
#[must_use]
pub fn scaled(value: f64) -> String {
    decimals(
        value,
        match value.abs() {
            size if size >= 1000.0 => 0,
            size if size >= 10.0 => 1,
            size if size >= 1.0 => 2,
            _ => 3,
        },
    )
}

/// A throughput: whole from 100 on.
#[must_use]
pub fn rate(value: f64) -> String {
    if value.abs() >= 100.0 { decimals(value, 0) } else { scaled(value) }
}

/// A share (0 to 1) as a percentage, `7.2%`.
#[must_use]
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    let digits = match value.abs() {
        size if size >= 10.0 => 0,
        size if size >= 0.1 || size <= 0.0 => 1,
        _ => 3,
    };
    format!("{}%", decimals(value, digits))
}

/// A planned duration, `500ms`, `60s`, `2m 30s`, `30m`, `3h 09m`.
#[must_use]
pub fn duration(value: Duration) -> String {
    let seconds = value.as_secs();
    if seconds < 120 {
        return match value.subsec_millis() {
            0 => format!("{seconds}s"),
            milliseconds if seconds == 0 => format!("{milliseconds}ms"),
            _ => format!("{}s", decimals(value.as_secs_f64(), 1)),
        };
    }
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, minutes, 0) => format!("{minutes}m"),
        (0, minutes, seconds) => format!("{minutes}m {seconds:02}s"),
        (hours, minutes, _) => format!("{hours}h {minutes:02}m"),
    }
}

/// Time that has passed, `12:30` or `1:02:05`.
#[must_use]
pub fn clock(value: Duration) -> String {
    let seconds = value.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, minutes, seconds) => format!("{minutes:02}:{seconds:02}"),
        (hours, minutes, seconds) => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

fn group(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut grouped = sign.to_owned();
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && (whole.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + fraction
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{clock, count, decimals, duration, percent, rate, scaled};

    #[test]
    fn thousands_are_separated_and_zero_has_no_sign() {
        assert_eq!([0, 999, 1000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(decimals(-1234.56, 1), "-1,234.6");
        assert_eq!(decimals(-0.04, 1), "0.0");
    }

    #[test]
    fn decimals_follow_the_size() {
        assert_eq!([0.0479, 3.724, 43.1, 1890.4].map(scaled), ["0.048", "3.72", "43.1", "1,890"]);
        assert_eq!([2534.2, 123.45, 12.34, 0.5].map(rate), ["2,534", "123", "12.3", "0.500"]);
        assert_eq!([0.0, 0.00004, 0.072, 0.54].map(percent), ["0.0%", "0.004%", "7.2%", "54%"]);
    }

    #[test]
    fn durations_are_short() {
        let seconds = [1.5, 60.0, 150.0, 1800.0, 11_340.0].map(Duration::from_secs_f64);
        assert_eq!(seconds.map(duration), ["1.5s", "60s", "2m 30s", "30m", "3h 09m"]);
        assert_eq!(duration(Duration::from_millis(250)), "250ms");
        assert_eq!([750, 3725].map(Duration::from_secs).map(clock), ["12:30", "1:02:05"]);
    }
}
