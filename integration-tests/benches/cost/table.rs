//! The one table that is printed.

/// A line of the table.
pub struct Row {
    pub what: String,
    /// One value of each run.
    pub samples: Vec<f64>,
}

impl Row {
    pub fn new(what: impl Into<String>, samples: Vec<f64>) -> Row {
        Row { what: what.into(), samples }
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
            "{:<46} {middle:>10.decimals$} {low:>10.decimals$} {high:>10.decimals$} {:>5}",
            row.what,
            row.samples.len()
        );
    }
}
