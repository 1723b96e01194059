//! The result: a row for each promise, with the figure, the limit and the ratio.

use std::fmt;

/// Rows to print.
#[derive(Default)]
pub(crate) struct Table(Vec<[String; 4]>);

impl Table {
    /// Adds a row, and prints it at once.
    pub(crate) fn row(&mut self, work: &str, measured: String, ratio: String, goal: &str) {
        println!("{work}: {measured}; {ratio} (goal {goal})");
        self.0.push([work.into(), measured, ratio, goal.into()]);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n| work | measured | ratio | goal |\n|---|---|---|---|")?;
        self.0.iter().try_for_each(|row| writeln!(f, "| {} |", row.join(" | ")))
    }
}
