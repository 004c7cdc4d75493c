//! The one table that is printed.

/// A line of the table.
pub struct Row {
    pub what: String,
    /// One value of each run.
    pub samples: Vec<f64>,
    /// Between which values the median should be.
    aim: (f64, f64),
}

impl Row {
    pub fn new(what: impl Into<String>, samples: Vec<f64>) -> Row {
        Row { what: what.into(), samples, aim: (f64::NEG_INFINITY, f64::INFINITY) }
    }

    /// The row with a least value that it should have.
    pub fn at_least(mut self, least: f64) -> Row {
        self.aim.0 = least;
        self
    }

    /// The row with a greatest value that it should have.
    pub fn at_most(mut self, most: f64) -> Row {
        self.aim.1 = most;
        self
    }

    /// What it should have been, where it wasn't.
    fn missed(&self, value: f64) -> String {
        match self.aim {
            (least, _) if value < least => format!("  misses its aim: at least {least}"),
            (_, most) if value > most => format!("  misses its aim: at most {most}"),
            _ => String::new(),
        }
    }
}

/// The value below which that share of the samples is.
pub fn quantile(samples: &[f64], share: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

/// Medians and quartiles, with as many decimals as the values bear.
pub fn print(rows: &[Row]) {
    println!("{:<46} {:>10} {:>10} {:>10} {:>5}", "", "median", "quartile", "quartile", "runs");
    for row in rows {
        let [low, middle, high] = [0.25, 0.5, 0.75].map(|share| quantile(&row.samples, share));
        let decimals = if middle.abs() < 10.0 { 2 } else { 0 };
        println!(
            "{:<46} {middle:>10.decimals$} {low:>10.decimals$} {high:>10.decimals$} {:>5}{}",
            row.what,
            row.samples.len(),
            row.missed(middle)
        );
    }
}
