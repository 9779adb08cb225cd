//! `hdr_histogram(duration)` and `hdr_percentile(duration, percentile)`: aggregates whose partial
//! states can be merged without loss.
//!
//! Both count into [`DurationHistogram`]. A state, and what `hdr_histogram` gives, is one Binary in
//! HdrHistogram's V2 form, so any split of the rows over partitions has the same outcome.

mod accumulator;
mod groups;

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, BinaryArray, Int64Array};
use arrow_schema::{DataType, Field, FieldRef};
use datafusion::common::{Result, ScalarValue, exec_datafusion_err, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::format_state_name;
use datafusion::logical_expr::{
    Accumulator, AggregateUDFImpl, GroupsAccumulator, Signature, Volatility,
};
use datafusion::physical_expr::expressions::Literal;

use crate::red::DurationHistogram;
use accumulator::HistogramAccumulator;
use groups::HistogramGroups;

/// The aggregate `hdr_histogram(Int64) -> Binary`: null when no value was there.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct HdrHistogram {
    signature: Signature,
}

impl Default for HdrHistogram {
    fn default() -> Self {
        Self {
            signature: Signature::exact(vec![DataType::Int64], Volatility::Immutable),
        }
    }
}

/// The aggregate `hdr_percentile(Int64, Float64) -> Int64`: the middle of the bucket that holds
/// the percentile, from 0 to 100 and a literal; null when no value was there.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct HdrPercentile {
    signature: Signature,
}

impl Default for HdrPercentile {
    fn default() -> Self {
        let arguments = vec![DataType::Int64, DataType::Float64];
        Self {
            signature: Signature::exact(arguments, Volatility::Immutable),
        }
    }
}

/// What a histogram is evaluated to.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    Bytes,
    Percentile(f64),
}

impl Outcome {
    fn of_one(self, histogram: &mut DurationHistogram) -> ScalarValue {
        match self {
            Self::Bytes => ScalarValue::Binary(bytes(histogram)),
            Self::Percentile(percentile) => ScalarValue::Int64(at(histogram, percentile)),
        }
    }

    fn of_all(self, histograms: Vec<DurationHistogram>) -> ArrayRef {
        match self {
            Self::Bytes => states(histograms),
            Self::Percentile(percentile) => {
                let mut histograms = histograms;
                let at = |histogram| at(histogram, percentile);
                Arc::new(histograms.iter_mut().map(at).collect::<Int64Array>())
            }
        }
    }
}

fn at(histogram: &mut DurationHistogram, percentile: f64) -> Option<i64> {
    histogram.percentiles(&[percentile])?.pop()
}

fn bytes(histogram: &mut DurationHistogram) -> Option<Vec<u8>> {
    (histogram.count() > 0).then(|| histogram.to_bytes())
}

/// Histograms as states; null for those that hold nothing.
fn states(histograms: impl IntoIterator<Item = DurationHistogram>) -> ArrayRef {
    let bytes = histograms
        .into_iter()
        .map(|mut histogram| bytes(&mut histogram));
    Arc::new(bytes.collect::<BinaryArray>())
}

/// The histogram of a state.
fn of_state(bytes: &[u8]) -> Result<DurationHistogram> {
    DurationHistogram::from_bytes(bytes).map_err(|error| exec_datafusion_err!("{error}"))
}

fn durations(values: &[ArrayRef]) -> Result<&Int64Array> {
    let column = values
        .first()
        .and_then(AsArray::as_primitive_opt::<Int64Type>);
    column.ok_or_else(|| exec_datafusion_err!("durations are of the type Int64"))
}

fn merged_states(values: &[ArrayRef]) -> Result<&BinaryArray> {
    let column = values.first().and_then(AsArray::as_binary_opt::<i32>);
    column.ok_or_else(|| exec_datafusion_err!("states of histograms are of the type Binary"))
}

fn state_field(arguments: &StateFieldsArgs<'_>) -> FieldRef {
    let name = format_state_name(arguments.name, "histogram");
    Arc::new(Field::new(name, DataType::Binary, true))
}

/// The percentile, which must be a literal: one histogram has one outcome.
fn percentile(arguments: &AccumulatorArgs<'_>) -> Result<f64> {
    let literal = arguments.exprs.get(1).and_then(|expression| {
        let literal = expression.downcast_ref::<Literal>()?;
        match literal.value() {
            ScalarValue::Float64(percentile) => *percentile,
            _ => None,
        }
    });
    match literal {
        Some(percentile) if (0.0..=100.0).contains(&percentile) => Ok(percentile),
        _ => plan_err!("hdr_percentile takes its percentile as a literal from 0 to 100"),
    }
}

impl AggregateUDFImpl for HdrHistogram {
    fn name(&self) -> &str {
        "hdr_histogram"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Binary)
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![state_field(&arguments)])
    }

    fn accumulator(&self, _arguments: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(HistogramAccumulator::new(Outcome::Bytes)))
    }

    fn groups_accumulator_supported(&self, arguments: AccumulatorArgs<'_>) -> bool {
        !arguments.is_distinct
    }

    fn create_groups_accumulator(
        &self,
        _arguments: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        Ok(Box::new(HistogramGroups::new(Outcome::Bytes)))
    }
}

impl AggregateUDFImpl for HdrPercentile {
    fn name(&self) -> &str {
        "hdr_percentile"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(DataType::Int64)
    }

    fn state_fields(&self, arguments: StateFieldsArgs<'_>) -> Result<Vec<FieldRef>> {
        Ok(vec![state_field(&arguments)])
    }

    fn accumulator(&self, arguments: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let outcome = Outcome::Percentile(percentile(&arguments)?);
        Ok(Box::new(HistogramAccumulator::new(outcome)))
    }

    fn groups_accumulator_supported(&self, arguments: AccumulatorArgs<'_>) -> bool {
        !arguments.is_distinct
    }

    fn create_groups_accumulator(
        &self,
        arguments: AccumulatorArgs<'_>,
    ) -> Result<Box<dyn GroupsAccumulator>> {
        let outcome = Outcome::Percentile(percentile(&arguments)?);
        Ok(Box::new(HistogramGroups::new(outcome)))
    }
}

#[cfg(test)]
mod tests;
