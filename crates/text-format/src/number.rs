//! Numbers formatted for people.

/// Returns the shortest decimal that parses back to `x`: plain for 0 and for sizes from 1e-3 up to,
/// but not including, 1e5; with an exponent otherwise.
pub fn shortest(x: f64) -> String {
    if x == 0.0 {
        "0".to_owned()
    } else if x.is_finite() && !(1e-3..1e5).contains(&x.abs()) {
        format!("{x:e}")
    } else {
        format!("{x}")
    }
}

/// Returns [`shortest`] for a parameter, but plain from 1e-4 on: `0.0001`, `1e-5`.
pub fn short(x: f64) -> String {
    if (1e-4..1e-3).contains(&x.abs()) { format!("{x}") } else { shortest(x) }
}

/// Rounds to three significant digits and writes the result as [`short`] does; used in legends.
pub fn brief(x: f64) -> String {
    short(format!("{x:.2e}").parse().unwrap_or(x))
}

/// Rounds to two significant digits and writes the result as [`short`] does; used for values
/// between grid points.
pub fn rough(x: f64) -> String {
    short(format!("{x:.1e}").parse().unwrap_or(x))
}

/// Returns the text of a value that was set or counted: whole numbers from 0 up to 1e15 as
/// [`count`] writes them, others as [`brief`] does.
pub fn position(x: f64) -> String {
    if x.fract() == 0.0 && (0.0..1e15).contains(&x) { count(x as u64) } else { brief(x) }
}

/// Returns a fraction as a percentage with two decimals: `97.91%`.
pub fn percent(fraction: f64) -> String {
    if fraction.is_finite() { format!("{:.2}%", fraction * 100.0) } else { plain(fraction) }
}

/// Returns `x` with `digits` significant digits, at least 1, trailing zeros kept: `0.06714`,
/// `2.303`. Sizes below 1e-4 and from 1e6 on have an exponent.
pub fn significant(x: f64, digits: usize) -> String {
    if !x.is_finite() || x == 0.0 {
        return plain(x);
    }
    let exponent = format!("{x:.*e}", digits - 1)
        .split_once('e')
        .and_then(|(_, e)| e.parse::<i32>().ok())
        .unwrap_or(0);
    if (-4..6).contains(&exponent) {
        let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
        format!("{x:.decimals$}")
    } else {
        format!("{x:.*e}", digits - 1)
    }
}

/// Returns a duration in seconds as text: `42 ms`, `0.42 s`, `12.3 s`, `4 min 05 s`, `2 h 03 min`.
/// Only zero is written as zero: the shortest times are in microseconds.
pub fn seconds(s: f64) -> String {
    let (ms, us) = (s * 1e3, s * 1e6);
    match s {
        s if !s.is_finite() => plain(s),
        // Also matches -0.0, the sum of an empty iterator.
        0.0 => "0 s".to_owned(),
        s if s < 0.0 => format!("\u{2212}{}", seconds(-s)),
        _ if us < 0.0999 => "under 0.1 \u{b5}s".to_owned(),
        _ if us < 9.95 => format!("{us:.1} \u{b5}s"),
        _ if us < 999.5 => format!("{us:.0} \u{b5}s"),
        _ if ms < 9.95 => format!("{ms:.1} ms"),
        _ if ms < 99.5 => format!("{ms:.0} ms"),
        s if s < 9.995 => format!("{s:.2} s"),
        s if s < 99.95 => format!("{s:.1} s"),
        s if s < 7200.0 => format!("{} min {:02} s", s.round() as u64 / 60, s.round() as u64 % 60),
        s => format!("{} h {:02} min", s as u64 / 3600, s as u64 % 3600 / 60),
    }
}

/// Returns `n` with commas between thousands: `12,345`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// Returns the label of a tick: a plain decimal for sizes from 0.0001 up to, but not including,
/// 100,000, otherwise a power of ten with superscripts (`10⁻⁵`, `2×10⁶`).
pub fn tick(x: f64) -> String {
    if x == 0.0 {
        return "0".to_owned();
    }
    if (1e-4..1e5).contains(&x.abs()) {
        // Twelve digits hide the rounding of 0.1 * 3 and show any real tick.
        let text = format!("{x:.12}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        return match text.parse::<u64>() {
            Ok(n) if n >= 1000 => count(n),
            _ => text.replace('-', "\u{2212}"),
        };
    }
    let text = format!("{x:.2e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
    let power: String = exponent.chars().map(superscript).collect();
    if mantissa == "1" {
        format!("10{power}")
    } else {
        format!("{mantissa}\u{d7}10{power}").replace('-', "\u{2212}")
    }
}

fn superscript(c: char) -> char {
    match c {
        '-' => '\u{207b}',
        '1' => '\u{b9}',
        '2' => '\u{b2}',
        '3' => '\u{b3}',
        c => c.to_digit(10).and_then(|d| char::from_u32(0x2070 + d)).unwrap_or(c),
    }
}

fn plain(x: f64) -> String {
    match x {
        x if x.is_nan() => "NaN".to_owned(),
        x if x.is_infinite() => if x > 0.0 { "infinite" } else { "\u{2212}infinite" }.to_owned(),
        x => format!("{x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks() {
        let texts =
            [0.0, 0.1 + 0.2, 0.0001, 1e-5, 2e-7, 1.0, 1500.0, 20_000.0, 1e6, 3e5, -0.5].map(tick);
        assert_eq!(
            texts,
            [
                "0",
                "0.3",
                "0.0001",
                "10⁻⁵",
                "2×10⁻⁷",
                "1",
                "1,500",
                "20,000",
                "10⁶",
                "3×10⁵",
                "\u{2212}0.5"
            ]
        );
    }

    #[test]
    fn shortest_reads_back() {
        for (x, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (0.001, "0.001"),
            (1e-4, "1e-4"),
            (3e-5, "3e-5"),
            (1e5, "1e5"),
            (0.1307, "0.1307"),
        ] {
            assert_eq!(shortest(x), text);
            assert_eq!(text.parse::<f64>().unwrap(), x);
        }
    }

    #[test]
    fn values() {
        assert_eq!(
            [0.000316228, 0.01, 1e-5, 31.6228].map(brief),
            ["0.000316", "0.01", "1e-5", "31.6"]
        );
        assert_eq!(
            [12_345.0, 0.05, 12.345, 1e-5].map(position),
            ["12,345", "0.05", "12.3", "1e-5"]
        );
        assert_eq!(percent(0.97914), "97.91%");
        let texts = [0.067_142, 2.302_1, 9.9999, 1.5e8, f64::NAN].map(|x| significant(x, 4));
        assert_eq!(texts, ["0.06714", "2.302", "10.00", "1.500e8", "NaN"]);
        assert_eq!(
            [9.994, 42.0, 125.0, 7380.0].map(seconds),
            ["9.99 s", "42.0 s", "2 min 05 s", "2 h 03 min"]
        );
        assert_eq!([7, 1234, 1_234_567].map(count), ["7", "1,234", "1,234,567"]);
    }

    #[test]
    fn no_time_but_none_is_shown_as_none() {
        let times = [
            (0.0, "0 s"),
            (-0.0, "0 s"),
            (1e-9, "under 0.1 µs"),
            (9e-8, "under 0.1 µs"),
            (1e-7, "0.1 µs"),
            (3.24e-6, "3.2 µs"),
            (9.96e-6, "10 µs"),
            (0.000_42, "420 µs"),
            (0.000_999_6, "1.0 ms"),
            (0.004_2, "4.2 ms"),
            (0.009_96, "10 ms"),
            (0.042, "42 ms"),
            (0.099_6, "0.10 s"),
            (0.42, "0.42 s"),
            (-0.042, "\u{2212}42 ms"),
            (f64::INFINITY, "infinite"),
        ];
        for (time, shown) in times {
            assert_eq!(seconds(time), shown, "{time}");
        }
        // From a nanosecond to a year.
        for i in 0..2_000 {
            let text = seconds(1e-9 * 10f64.powf(f64::from(i) * 16.5 / 2_000.0));
            assert!(
                text.starts_with("under") || text.contains(|c| ('1'..='9').contains(&c)),
                "{text}"
            );
        }
    }
}
