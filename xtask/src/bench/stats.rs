//! Statistics and lines of benchmark tables.

/// Returns the median, which is the mean of the middle two for an even count; NaN if empty.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// Returns the smallest and the largest value.
pub(super) fn spread(values: &[f64]) -> (f64, f64) {
    values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)))
}

/// A line of a table: a quantity with its measurements.
#[derive(Clone, Debug)]
pub(super) struct Row {
    what: String,
    /// Unit after the numbers; may be empty.
    unit: &'static str,
    decimals: usize,
    values: Vec<f64>,
    goal: Option<Goal>,
}

#[derive(Clone, Copy, Debug)]
struct Goal {
    bound: Bound,
    limit: f64,
    /// Whether every value must reach the limit, rather than the median.
    each: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    AtMost,
    AtLeast,
}

impl Goal {
    fn words(self) -> &'static str {
        match self.bound {
            Bound::AtMost => "at most",
            Bound::AtLeast => "at least",
        }
    }

    /// Returns the value that decides: the median or the worst value.
    fn deciding(self, values: &[f64]) -> f64 {
        match (self.each, self.bound) {
            (false, _) => median(values),
            (true, Bound::AtMost) => spread(values).1,
            (true, Bound::AtLeast) => spread(values).0,
        }
    }

    /// Returns whether the goal is met; without measurements it is not.
    fn is_met(self, values: &[f64]) -> bool {
        let value = self.deciding(values);
        let met = match self.bound {
            Bound::AtMost => value <= self.limit,
            Bound::AtLeast => value >= self.limit,
        };
        !values.is_empty() && met
    }
}

impl Row {
    /// Creates a row without a goal.
    pub(super) fn new(
        what: impl Into<String>,
        unit: &'static str,
        decimals: usize,
        values: Vec<f64>,
    ) -> Row {
        Row { what: what.into(), unit, decimals, values, goal: None }
    }

    /// Sets a largest value for the median.
    pub(super) fn at_most(self, limit: f64) -> Row {
        Row { goal: Some(Goal { bound: Bound::AtMost, limit, each: false }), ..self }
    }

    /// Sets a smallest value for the median.
    pub(super) fn at_least(self, limit: f64) -> Row {
        Row { goal: Some(Goal { bound: Bound::AtLeast, limit, each: false }), ..self }
    }

    /// Sets a largest value for each measurement.
    pub(super) fn each_at_most(self, limit: f64) -> Row {
        Row { goal: Some(Goal { bound: Bound::AtMost, limit, each: true }), ..self }
    }

    fn unit(&self) -> String {
        if self.unit.is_empty() { String::new() } else { format!(" {}", self.unit) }
    }

    fn number(&self, value: f64) -> String {
        format!("{value:.*}{}", self.decimals, self.unit())
    }

    fn line(&self) -> String {
        let goal = self.goal.map_or(String::new(), |goal| {
            let each = if goal.each { "each " } else { "" };
            let verdict = if goal.is_met(&self.values) { "met" } else { "**missed**" };
            format!("{each}{} {}{}: {verdict}", goal.words(), goal.limit, self.unit())
        });
        let measured = with_range(&self.values, self.decimals, &self.unit());
        format!("| {} | {measured} | {goal} |", self.what)
    }

    fn missed(&self) -> Option<String> {
        let goal = self.goal.filter(|goal| !goal.is_met(&self.values))?;
        Some(format!(
            "missed: {}: {}, the goal is {} {}",
            self.what,
            self.number(goal.deciding(&self.values)),
            goal.words(),
            goal.limit
        ))
    }
}

/// Formats the median and, for several values, the range.
pub(super) fn with_range(values: &[f64], decimals: usize, unit: &str) -> String {
    if values.is_empty() {
        return "not measured".to_owned();
    }
    let (low, high) = spread(values);
    let range = match values.len() {
        1 => String::new(),
        _ => format!(" ({low:.decimals$} to {high:.decimals$})"),
    };
    format!("{:.decimals$}{unit}{range}", median(values))
}

/// Returns the ratios of values that were measured in the same round.
pub(super) fn ratios(numerators: &[f64], denominators: &[f64]) -> Vec<f64> {
    numerators.iter().zip(denominators).map(|(n, d)| n / d).collect()
}

/// Returns the rows as the result of a part.
pub(super) fn measured(title: &str, rows: &[Row]) -> super::Measured {
    let head =
        [format!("| {title} | measured (median, range) | goal |"), "|---|---|---|".to_owned()];
    let lines: Vec<String> = head.into_iter().chain(rows.iter().map(Row::line)).collect();
    super::Measured {
        table: lines.join("\n") + "\n",
        missed: rows.iter().filter_map(Row::missed).collect(),
        goals: rows.iter().filter(|row| row.goal.is_some()).count(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
        assert_eq!(spread(&[2.0, 1.0, 3.0]), (1.0, 3.0));
    }

    #[test]
    fn a_median_may_reach_a_goal_that_not_each_value_does() {
        let row = Row::new("wait", "s", 2, vec![0.1, 0.2, 0.9]);
        let found = measured("title", &[row.clone().at_most(0.5), row.each_at_most(0.5)]);
        assert_eq!(
            found.table,
            "| title | measured (median, range) | goal |\n|---|---|---|\n\
             | wait | 0.20 s (0.10 to 0.90) | at most 0.5 s: met |\n\
             | wait | 0.20 s (0.10 to 0.90) | each at most 0.5 s: **missed** |\n"
        );
        assert_eq!(found.missed, ["missed: wait: 0.90 s, the goal is at most 0.5"]);
        assert_eq!(found.goals, 2);
    }

    #[test]
    fn what_was_not_measured_misses_its_goal() {
        let rows = [
            Row::new("left", "", 0, vec![0.0]).each_at_most(0.0),
            Row::new("none", "", 0, vec![]).each_at_most(0.0),
            Row::new("nan", "", 0, vec![f64::NAN]).at_most(1.0),
        ];
        let found = measured("t", &rows);
        assert!(found.table.contains("| left | 0 | each at most 0: met |"), "{}", found.table);
        assert_eq!(found.missed.len(), 2, "{:?}", found.missed);
    }

    #[test]
    fn a_goal_may_be_a_lower_bound() {
        let row = Row::new("share", "", 2, vec![0.9, 0.8, 0.7]);
        let found = measured("t", &[row.clone().at_least(0.8), row.at_least(0.85)]);
        assert!(found.table.contains("| at least 0.8: met |"), "{}", found.table);
        assert_eq!(found.missed, ["missed: share: 0.80, the goal is at least 0.85"]);
        let nothing = measured("t", &[Row::new("none", "", 0, vec![]).at_least(0.0)]);
        assert_eq!(nothing.missed.len(), 1);
        assert!(nothing.table.contains("| none | not measured |"), "{}", nothing.table);
    }

    #[test]
    fn ratios_are_of_pairs() {
        assert_eq!(ratios(&[1.0, 2.0, 1.0], &[2.0, 4.0, 1.0]), [0.5, 0.5, 1.0]);
        assert_eq!(ratios(&[1.0, 2.0], &[4.0]), [0.25]);
    }
}
