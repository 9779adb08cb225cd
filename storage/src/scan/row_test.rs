//! Conditions evaluated on rows.

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, Int32Array, RecordBatch, RecordBatchOptions,
};
use arrow_buffer::BooleanBuffer;
use datafusion::arrow::array::ArrayData;
use datafusion::arrow::array::cast::AsArray;
use datafusion::arrow::datatypes::Schema;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_expr::utils::collect_columns;
use schemas::ColumnId;
use schemas::columns::span_schema;

/// A condition made ready for batches that have just its columns.
pub(crate) struct RowTest {
    expr: Arc<dyn PhysicalExpr>,
    columns: Vec<ColumnId>,
    /// The verdict on each value of a dictionary, and on null at the end.
    verdicts: Option<(ArrayData, Vec<bool>)>,
}

/// A condition on rows of which some columns may not exist.
pub(crate) enum RowCheck {
    /// True for every row.
    Passed,
    /// True for no row.
    Failed,
    Test(RowTest),
}

impl RowTest {
    /// Prepares `expr`, whose columns are numbered as in the span table. `position` orders the
    /// columns of the batches to come; columns without one do not exist, their values are null.
    pub(crate) fn prepare(
        expr: &Arc<dyn PhysicalExpr>,
        position: &dyn Fn(ColumnId) -> Option<usize>,
    ) -> Result<RowCheck> {
        let mut columns: Vec<(usize, ColumnId)> = collect_columns(expr)
            .iter()
            .filter_map(|column| {
                Some((
                    position(ColumnId(column.index()))?,
                    ColumnId(column.index()),
                ))
            })
            .collect();
        columns.sort_unstable();
        let columns: Vec<ColumnId> = columns.into_iter().map(|(_, id)| id).collect();
        let expr = Arc::clone(expr)
            .transform_down(|node| {
                let Some(column) = node.downcast_ref::<Column>() else {
                    return Ok(Transformed::no(node));
                };
                let place = columns.iter().position(|id| id.0 == column.index());
                let replacement: Arc<dyn PhysicalExpr> = match place {
                    Some(place) => Arc::new(Column::new(column.name(), place)),
                    None => {
                        let data_type = span_schema().field(column.index()).data_type();
                        Arc::new(Literal::new(ScalarValue::try_new_null(data_type)?))
                    }
                };
                Ok(Transformed::yes(replacement))
            })
            .data()?;
        let mut test = Self {
            expr,
            columns,
            verdicts: None,
        };
        if !test.columns.is_empty() {
            return Ok(RowCheck::Test(test));
        }
        let options = RecordBatchOptions::new().with_row_count(Some(1));
        let row =
            RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options)?;
        let passed = test.evaluate(&row)?;
        Ok(if passed.is_valid(0) && passed.value(0) {
            RowCheck::Passed
        } else {
            RowCheck::Failed
        })
    }

    /// The columns of the batches to evaluate, in order.
    pub(crate) fn columns(&self) -> &[ColumnId] {
        &self.columns
    }

    /// Which rows pass; null stands for false.
    pub(crate) fn evaluate(&mut self, batch: &RecordBatch) -> Result<BooleanArray> {
        if let [column] = batch.columns() {
            let dictionary = column.as_any().downcast_ref::<DictionaryArray<Int32Type>>();
            if let Some(dictionary) =
                dictionary.filter(|dictionary| dictionary.values().len() < dictionary.len())
            {
                return self.evaluate_distinct(dictionary, batch.schema_ref());
            }
        }
        self.evaluate_rows(batch)
    }

    fn evaluate_rows(&self, batch: &RecordBatch) -> Result<BooleanArray> {
        let result = self.expr.evaluate(batch)?.into_array(batch.num_rows())?;
        let passed = result.as_boolean_opt().cloned();
        passed.ok_or_else(|| {
            DataFusionError::Plan(format!("filter {} is not a truth value", self.expr))
        })
    }

    /// Evaluates each distinct value once.
    fn evaluate_distinct(
        &mut self,
        rows: &DictionaryArray<Int32Type>,
        schema: &Schema,
    ) -> Result<BooleanArray> {
        let values = rows.values().to_data();
        let verdicts = match self.verdicts.take() {
            Some((known, verdicts)) if known.ptr_eq(&values) => verdicts,
            _ => self.judge(rows.values(), schema)?,
        };
        let (null, distinct) = verdicts.split_last().expect("null has a verdict always");
        let keys = rows.keys().values();
        // A null row's key may be anything.
        let verdict = |row: usize| {
            usize::try_from(keys[row]).is_ok_and(|key| distinct.get(key) == Some(&true))
        };
        let mut passed = if distinct.contains(&true) {
            BooleanBuffer::collect_bool(keys.len(), verdict)
        } else {
            BooleanBuffer::new_unset(keys.len())
        };
        if let Some(nulls) = rows.nulls() {
            passed = if *null {
                &passed | &!nulls.inner()
            } else {
                &passed & nulls.inner()
            };
        }
        self.verdicts = Some((values, verdicts));
        Ok(BooleanArray::new(passed, None))
    }

    fn judge(&self, values: &ArrayRef, schema: &Schema) -> Result<Vec<bool>> {
        let count = i32::try_from(values.len())
            .map_err(|error| DataFusionError::External(Box::new(error)))?;
        let keys: Int32Array = (0..count).map(Some).chain([None]).collect();
        let each = DictionaryArray::<Int32Type>::try_new(keys, Arc::clone(values))?;
        let schema = Schema::new(vec![schema.field(0).clone().with_nullable(true)]);
        let batch = RecordBatch::try_new(Arc::new(schema), vec![Arc::new(each)])?;
        let verdicts = self.evaluate_rows(&batch)?;
        Ok(verdicts
            .iter()
            .map(|verdict| verdict == Some(true))
            .collect())
    }
}
