//! Times in a sweep's journal: start, end and slot of each run, and its seconds of training and
//! evaluation.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

/// The times of one record.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record {
    pub(super) slot: u64,
    pub(super) status: String,
    /// Seconds since 1970; `ended` too.
    pub(super) started: f64,
    pub(super) ended: f64,
    /// Seconds of training and evaluation; `None` without a result.
    pub(super) compute: Option<f64>,
}

impl Record {
    /// Returns the seconds from the slot's start of the run to its result.
    pub(super) fn seconds(&self) -> f64 {
        self.ended - self.started
    }
}

/// Reads every record of a report folder's journal.
pub(super) fn read(report: &Path) -> Result<Vec<Record>> {
    let folder = report.join("journal");
    let entries = std::fs::read_dir(&folder)
        .with_context(|| format!("the sweep left no journal in {}", folder.display()))?;
    let mut records = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "jsonl") {
            let text = std::fs::read_to_string(&path)?;
            records.extend(parse(&text).with_context(|| path.display().to_string())?);
        }
    }
    Ok(records)
}

fn parse(text: &str) -> Result<Vec<Record>> {
    let records = text.lines().map(|line| {
        let value: Value = serde_json::from_str(line)?;
        record(&value).with_context(|| format!("not a record with times: {line:.200}"))
    });
    records.collect()
}

fn record(value: &Value) -> Option<Record> {
    let time = |name: &str| unix_seconds(value[name].as_str()?);
    let outcome = &value["outcome"];
    let compute = match outcome {
        Value::Null => None,
        _ => Some(outcome["train_seconds"].as_f64()? + outcome["eval_seconds"].as_f64()?),
    };
    Some(Record {
        slot: value["slot"].as_u64()?,
        status: value["status"].as_str()?.to_owned(),
        started: time("started")?,
        ended: time("ended")?,
        compute,
    })
}

/// Returns the seconds since 1970 of a time such as `2026-11-24T06:30:35.123Z`: RFC 3339 in
/// UTC, the only format of records.
fn unix_seconds(text: &str) -> Option<f64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let numbers = |text: &str, by: char| -> Option<[i64; 3]> {
        let parts: Option<Vec<i64>> = text.split(by).map(|part| part.parse().ok()).collect();
        parts?.try_into().ok()
    };
    let (clock, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let ([year, month, day], [hour, minute, second]) = (numbers(date, '-')?, numbers(clock, ':')?);
    let in_range = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second)
        && fraction.bytes().all(|b| b.is_ascii_digit());
    if !in_range {
        return None;
    }
    let whole = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(whole as f64 + format!("0.{fraction}").parse::<f64>().ok()?)
}

/// Returns the days since 1970-01-01. Years are counted from March, so that the leap day is the
/// last day of a year.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let before = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    before + (153 * month + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read() {
        assert_eq!(unix_seconds("1970-01-01T00:00:00Z"), Some(0.0));
        assert_eq!(unix_seconds("2000-02-29T12:00:00Z"), Some(951_825_600.0));
        assert_eq!(unix_seconds("2000-03-01T00:00:00Z"), Some(951_868_800.0));
        assert_eq!(unix_seconds("2026-11-24T06:30:35.123Z"), Some(1_795_501_835.123));
        assert_eq!(unix_seconds("2026-11-24T06:30:35.5Z"), Some(1_795_501_835.5));
        assert_eq!(unix_seconds("2100-03-01T00:00:00Z"), Some(4_107_542_400.0));
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "2026-11-24",
            "2026-11-24T06:30:35",
            "2026-11-24T06:30:35+01:00",
            "2026-13-24T06:30:35Z",
            "2026-11-24T06:30:35.x1Z",
            "2026-11-24T06:30Z",
        ] {
            assert_eq!(unix_seconds(text), None, "{text}");
        }
    }

    #[test]
    fn a_line_of_the_journal_gives_its_times() {
        let line = r#"{"v":2,"slot":1,"status":"completed","started":"1970-01-01T00:00:10.250Z","ended":"1970-01-01T00:00:11.000Z","outcome":{"train_seconds":0.5,"eval_seconds":0.125},"error":null}"#;
        let records = parse(line).unwrap();
        assert_eq!((records[0].slot, records[0].compute), (1, Some(0.625)));
        assert_eq!(records[0].seconds(), 0.75);
        let without = r#"{"slot":0,"status":"timed_out","started":"1970-01-01T00:00:10.250Z","ended":"1970-01-01T00:00:11.000Z","outcome":null}"#;
        assert_eq!(parse(without).unwrap()[0].compute, None);
        assert!(parse("{}").unwrap_err().to_string().contains("not a record"));
    }
}
