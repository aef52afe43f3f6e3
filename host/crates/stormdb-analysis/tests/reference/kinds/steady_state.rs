//! Autocorrelation, batch means and warm-up.

use serde_json::{Value, json};
use stormdb_analysis::Error;
use stormdb_analysis::steady_state::Series;

use crate::case::{Input, figure, optional_figure};

pub(crate) fn run(input: &Input<'_>) -> Result<Value, Error> {
    let values = input.numbers("values");
    let confidence = input.number("confidence");
    let series = Series::new(&values)?;
    let batch_means = series.batch_means(input.count("batches") as usize, confidence)?;
    let warm_up = series.warm_up();
    let autocorrelations = [1, 2, 3].map(|lag| optional_figure(series.autocorrelation(lag)));
    Ok(json!({
        "mean": figure(series.mean()),
        "acf_1_2_3": autocorrelations,
        "autocorrelation_time": optional_figure(series.autocorrelation_time()),
        "effective_n": optional_figure(series.effective_n()),
        "batch_size": batch_means.batch_size,
        "batch_mean": figure(batch_means.mean),
        "batch_half_width": figure(batch_means.half_width),
        "naive_half_width": figure(series.naive_half_width(confidence)?),
        "von_neumann_ratio": optional_figure(batch_means.von_neumann_ratio),
        "mser5_truncate": warm_up.truncate,
        "mser5_at_limit": warm_up.at_limit,
    }))
}
