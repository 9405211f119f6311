//! The few statistics that a benchmark table needs, and its lines.

/// Median; the mean of the middle two for an even count. NaN of nothing.
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

/// Smallest and largest.
pub(super) fn spread(values: &[f64]) -> (f64, f64) {
    values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &v| (low.min(v), high.max(v)))
}

/// One line of a table: a quantity, measured some times.
#[derive(Clone, Debug)]
pub(super) struct Row {
    what: String,
    /// Behind the numbers; may be empty.
    unit: &'static str,
    decimals: usize,
    values: Vec<f64>,
    goal: Option<Goal>,
}

#[derive(Clone, Copy, Debug)]
enum Goal {
    /// The median is at most this.
    Median(f64),
    /// Every single value is at most this.
    Each(f64),
}

impl Row {
    /// Without a goal.
    pub(super) fn new(
        what: impl Into<String>,
        unit: &'static str,
        decimals: usize,
        values: Vec<f64>,
    ) -> Row {
        Row { what: what.into(), unit, decimals, values, goal: None }
    }

    /// The goal of the median.
    pub(super) fn at_most(self, limit: f64) -> Row {
        Row { goal: Some(Goal::Median(limit)), ..self }
    }

    /// The goal of every value.
    pub(super) fn each_at_most(self, limit: f64) -> Row {
        Row { goal: Some(Goal::Each(limit)), ..self }
    }

    fn number(&self, value: f64) -> String {
        format!(
            "{value:.*}{}{}",
            self.decimals,
            if self.unit.is_empty() { "" } else { " " },
            self.unit
        )
    }

    fn line(&self) -> String {
        let (low, high) = spread(&self.values);
        let range = match self.values.len() {
            0 | 1 => String::new(),
            _ => format!(" ({low:.*} to {high:.*})", self.decimals, self.decimals),
        };
        let unit = if self.unit.is_empty() { String::new() } else { format!(" {}", self.unit) };
        let goal = match self.goal {
            None => String::new(),
            Some(Goal::Median(limit)) => format!("at most {limit}{unit}"),
            Some(Goal::Each(limit)) => format!("each at most {limit}{unit}"),
        };
        format!("| {} | {}{range} | {goal} |", self.what, self.number(median(&self.values)))
    }

    fn missed(&self) -> Option<String> {
        let (value, limit) = match self.goal? {
            Goal::Median(limit) => (median(&self.values), limit),
            Goal::Each(limit) => (spread(&self.values).1, limit),
        };
        // What was not measured has reached no goal.
        let reached = !self.values.is_empty() && value <= limit;
        (!reached).then(|| {
            format!("missed: {}: {}, the goal is at most {limit}", self.what, self.number(value))
        })
    }
}

/// The rows as a part's result.
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
             | wait | 0.20 s (0.10 to 0.90) | at most 0.5 s |\n\
             | wait | 0.20 s (0.10 to 0.90) | each at most 0.5 s |\n"
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
        assert!(found.table.contains("| left | 0 | each at most 0 |"), "{}", found.table);
        assert_eq!(found.missed.len(), 2, "{:?}", found.missed);
    }
}
