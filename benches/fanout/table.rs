//! What was measured, as tables in Markdown: medians, and how far the rounds spread.
//!
//! The ratio to the floor is the median of the ratios of each round to the round of the floor
//! beside it. Its spread is that of the middle half of the rounds.

use std::fmt;

use crate::contest::Samples;

/// One thing that was measured of several servers.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) unit: Unit,
    /// Of the floor, empty where there is none, and then of all others in order.
    pub(crate) samples: Vec<Samples>,
    /// What the others are to reach, where that is decided.
    pub(crate) aims: &'static [Aim],
}

#[derive(Clone, Copy)]
pub(crate) enum Unit {
    /// Nanoseconds.
    Time,
    Bytes,
}

#[derive(Clone, Copy)]
pub(crate) enum Aim {
    None,
    /// So many times the floor at most.
    Ratio(f64),
    /// So much at most.
    Most(f64),
}

/// Every line with all servers beside one another, and what each is to reach.
pub(crate) struct ByLine<'t> {
    pub(crate) servers: &'t [&'t str],
    pub(crate) lines: &'t [Line],
}

/// Every server with all lines beside one another.
pub(crate) struct ByServer<'t> {
    pub(crate) servers: &'t [&'t str],
    pub(crate) lines: &'t [Line],
}

impl fmt::Display for ByLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows = vec![vec![String::new(), "floor".to_owned()]];
        for server in self.servers {
            rows[0].extend([server.to_string(), "of the floor".into(), "aim".into()]);
        }
        for line in self.lines {
            let mut row = vec![line.name.clone(), line.value(0)];
            for at in 1..=self.servers.len() {
                let aim = line.aims.get(at - 1).copied().unwrap_or(Aim::None);
                row.extend([line.value(at), line.ratio(at), line.judge(at, aim)]);
            }
            rows.push(row);
        }
        write_table(f, &rows)
    }
}

impl fmt::Display for ByServer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.lines.iter().map(|line| line.name.clone());
        let mut rows = vec![std::iter::once(String::new()).chain(names).collect()];
        for (at, server) in std::iter::once(&"floor").chain(self.servers).enumerate() {
            let cells = self.lines.iter().map(|line| match line.ratio(at).as_str() {
                "" => line.value(at),
                ratio => format!("{} · {ratio}", line.value(at)),
            });
            rows.push(std::iter::once(server.to_string()).chain(cells).collect());
        }
        write_table(f, &rows)
    }
}

impl Line {
    fn value(&self, at: usize) -> String {
        quartiles(&self.samples[at])
            .map_or("–".to_owned(), |[_, median, _]| self.unit.show(median))
    }

    /// Nothing where there is no floor, and for the floor itself.
    fn ratio(&self, at: usize) -> String {
        match quartiles(&self.ratios(at)) {
            Some([low, median, high]) => format!("{median:.2} ({low:.2}–{high:.2})"),
            None => String::new(),
        }
    }

    fn ratios(&self, at: usize) -> Samples {
        let both = self.samples[at].iter().zip(&self.samples[0]);
        match (at, self.unit) {
            (1.., Unit::Time) => both.map(|(server, floor)| server / floor).collect(),
            // Memory has no floor that means something: it is compared with what is promised.
            _ => Samples::new(),
        }
    }

    fn judge(&self, at: usize, aim: Aim) -> String {
        let (samples, most, text) = match aim {
            Aim::None => return String::new(),
            Aim::Ratio(most) => (self.ratios(at), most, format!("≤ {most:.2}")),
            Aim::Most(most) => (
                self.samples[at].clone(),
                most,
                format!("≤ {}", self.unit.show(most)),
            ),
        };
        match quartiles(&samples) {
            Some([_, median, _]) if median > most => text + ", missed",
            _ => text,
        }
    }
}

impl Unit {
    fn show(self, value: f64) -> String {
        let (units, step) = match self {
            Self::Time => (["ns", "µs", "ms"], 1000.0),
            Self::Bytes => (["B", "KiB", "MiB"], 1024.0),
        };
        let large = (0..2).take_while(|power| value.abs() >= f64::powi(step, power + 1));
        let power = large.count();
        let value = value / f64::powi(step, power as i32);
        // Three digits, but no halves of a byte.
        let digits = match value.abs() {
            ..10.0 if power > 0 => 2,
            ..100.0 if power > 0 => 1,
            _ => 0,
        };
        format!("{value:.digits$} {}", units[power])
    }
}

/// The median between the quartiles; between two samples where there is none in the middle.
fn quartiles(samples: &[f64]) -> Option<[f64; 3]> {
    let mut samples = samples.to_vec();
    samples.sort_unstable_by(f64::total_cmp);
    let last = samples.len().checked_sub(1)?;
    Some([0.25, 0.5, 0.75].map(|part| {
        let place = part * last as f64;
        let (low, high) = (
            samples[place.floor() as usize],
            samples[place.ceil() as usize],
        );
        low + (high - low) * place.fract()
    }))
}

/// The first row is the heading; columns are as wide as their widest cell.
fn write_table(f: &mut fmt::Formatter<'_>, rows: &[Vec<String>]) -> fmt::Result {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<_> = (0..rows[0].len()).filter_map(width).collect();
    for (number, row) in rows.iter().enumerate() {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            match column {
                0 => write!(f, "| {cell:<width$} |")?,
                _ => write!(f, " {cell:>width$} |")?,
            }
        }
        writeln!(f)?;
        if number == 0 {
            let rules = widths.iter().map(|width| "-".repeat(*width));
            let rules = rules.collect::<Vec<_>>().join(":|-");
            // The first column is text and stands on the left.
            writeln!(f, "|-{}:|", rules.replacen(":|", "-|", 1))?;
        }
    }
    Ok(())
}
