//! The machine and date of a measurement, and other load on the machine.

use std::fs;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Time for which the load of the processors is observed.
const WATCH: Duration = Duration::from_secs(1);

/// Largest load by other processes that is tolerated, in processors.
const QUIET: f64 = 0.2;

/// Returns the number of processors that this process may use.
pub(super) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Returns processor, cores, memory and operating system.
pub(super) fn description() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = value(&info, "model name").unwrap_or("an unknown processor");
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = value(&memory, "MemTotal")
        .and_then(|text| text.strip_suffix("kB")?.trim().parse::<f64>().ok())
        .map_or(String::new(), |kib| format!(", {:.0} GB", kib * 1024.0 / 1e9));
    let cores = match cores() {
        1 => "one core".to_owned(),
        n => format!("{n} cores"),
    };
    format!("{model}, {cores}{memory}, {}", std::env::consts::OS)
}

/// Returns the value after `name` and a colon.
fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines()
        .find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':'))
        .map(str::trim)
}

/// Returns today's date in UTC, such as `2026-11-24`.
pub(super) fn today() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    date(i64::try_from(seconds / 86_400).unwrap_or(0))
}

/// Returns the date of a day, counted from 1970-01-01. Years are counted from March, in eras of
/// 400 years, which have 146,097 days.
fn date(days: i64) -> String {
    let since = days + 719_468;
    let (era, day_of_era) = (since.div_euclid(146_097), since.rem_euclid(146_097));
    let year = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{day:02}", year + era * 400 + later)
}

/// Observes the processors for a second, and returns a warning if other processes or other
/// guests of the host use them.
pub(super) fn disturbance() -> Option<String> {
    let before = Ticks::read()?;
    thread::sleep(WATCH);
    let busy = Ticks::read()?.busy_since(before)? * cores() as f64;
    (busy > QUIET).then(|| {
        format!("{busy:.1} processors were busy with other work, which disturbs the measurement")
    })
}

/// Clock ticks of all processors since the start of the system.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ticks {
    idle: u64,
    all: u64,
}

impl Ticks {
    fn read() -> Option<Ticks> {
        Ticks::parse(&fs::read_to_string("/proc/stat").ok()?)
    }

    /// Parses the first line of `/proc/stat`: user, nice, system, idle, waiting for the disk,
    /// interrupts, soft interrupts, and time taken by other guests.
    fn parse(stat: &str) -> Option<Ticks> {
        let fields: Vec<u64> = stat
            .strip_prefix("cpu ")?
            .lines()
            .next()?
            .split_whitespace()
            .take(8)
            .map(|field| field.parse().ok())
            .collect::<Option<_>>()?;
        Some(Ticks { idle: fields.get(3)? + fields.get(4)?, all: fields.iter().sum() })
    }

    /// Returns the busy fraction, 0 to 1, of the time since `before`.
    fn busy_since(self, before: Ticks) -> Option<f64> {
        let all = self.all.checked_sub(before.all).filter(|all| *all > 0)?;
        Some(1.0 - self.idle.saturating_sub(before.idle) as f64 / all as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (days, text) in [
            (0, "1970-01-01"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (20_781, "2026-11-24"),
            (47_540, "2100-02-28"),
            (47_541, "2100-03-01"),
        ] {
            assert_eq!(date(days), text);
        }
    }

    #[test]
    fn what_stands_behind_a_name() {
        let text = "processor\t: 0\nmodel name\t: A B  \nMemTotal:  8 kB\n";
        assert_eq!(value(text, "model name"), Some("A B"));
        assert_eq!(value(text, "MemTotal"), Some("8 kB"));
        assert_eq!(value(text, "model"), None);
        assert!(description().contains("core"));
    }

    #[test]
    fn busy_is_what_is_neither_idle_nor_waiting() {
        let read = |text| Ticks::parse(text).unwrap();
        let before = read("cpu  10 0 10 70 10 0 0 0 5 5\ncpu0 1 2 3 4\n");
        assert_eq!(before, Ticks { idle: 80, all: 100 });
        let after = read("cpu  30 0 20 110 20 0 0 20 9 9\n");
        assert_eq!(after.busy_since(before), Some(0.5));
        assert_eq!(before.busy_since(before), None);
        assert!(Ticks::parse("intr 1 2\n").is_none());
    }
}
