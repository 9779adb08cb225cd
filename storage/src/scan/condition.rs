//! What a filter expression means, as far as pruning understands it.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{
    BinaryExpr, CastExpr, Column, InListExpr, IsNotNullExpr, IsNullExpr, Literal, NotExpr,
};
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use schemas::ColumnId;
use schemas::columns::{ATTRIBUTE_MATCHES, EVENT_ATTRIBUTE_MATCHES};

use super::pruning::Outcome;

/// A filter over the columns of a table, which are numbered as in its schema.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    /// The filter as it is evaluated on rows.
    pub(crate) expr: Arc<dyn PhysicalExpr>,
    pub(crate) meaning: Meaning,
}

#[derive(Clone, Debug)]
pub(crate) enum Meaning {
    /// True where all are.
    All(Vec<Condition>),
    /// True where one is.
    Any(Vec<Condition>),
    /// True where the column's value passes.
    Test(ColumnId, Test),
    /// The same for every row.
    Constant(Outcome),
    /// Nothing that pruning understands.
    Opaque,
}

/// A test of one column's value; a null passes only [`Test::Null`].
#[derive(Clone, Debug)]
pub(crate) enum Test {
    Compare(Comparison, Value),
    OneOf(Vec<Value>),
    Null,
    NotNull,
    /// The value has an attribute with this key (and some value).
    Attribute(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A value in the order that both Arrow's kernels and Parquet's statistics give it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Value {
    Bool(bool),
    Int(i64),
    /// Text (as UTF-8) or an id.
    Bytes(Vec<u8>),
}

impl Condition {
    /// Reads a filter over columns of `schema`.
    fn new(schema: &Schema, expr: Arc<dyn PhysicalExpr>) -> Self {
        let meaning = meaning_of(schema, &expr);
        Self { expr, meaning }
    }

    /// The conditions that together are `filters` over columns of `schema`: conjunctions are split.
    pub(crate) fn split(
        schema: &Schema,
        filters: impl IntoIterator<Item = Arc<dyn PhysicalExpr>>,
    ) -> Vec<Self> {
        let mut conditions = Vec::new();
        for filter in filters {
            let condition = Self::new(schema, filter);
            match condition.meaning {
                Meaning::All(parts) => conditions.extend(parts),
                _ => conditions.push(condition),
            }
        }
        conditions
    }

    /// True where all of `parts` are, of which there is at least one.
    pub(crate) fn all(parts: Vec<Self>) -> Self {
        Self::joined(Operator::And, parts, Meaning::All)
    }

    /// True where one of `parts` is, of which there is at least one.
    pub(crate) fn any(parts: Vec<Self>) -> Self {
        Self::joined(Operator::Or, parts, Meaning::Any)
    }

    fn joined(operator: Operator, mut parts: Vec<Self>, meaning: fn(Vec<Self>) -> Meaning) -> Self {
        if parts.len() == 1 {
            return parts.swap_remove(0);
        }
        let joined = parts
            .iter()
            .map(|part| Arc::clone(&part.expr))
            .reduce(|left, right| Arc::new(BinaryExpr::new(left, operator, right)));
        Self {
            expr: joined.expect("callers give at least one part"),
            meaning: meaning(parts),
        }
    }
}

fn meaning_of(schema: &Schema, expr: &Arc<dyn PhysicalExpr>) -> Meaning {
    if let Some(binary) = expr.downcast_ref::<BinaryExpr>() {
        return meaning_of_binary(schema, binary);
    }
    if let Some(literal) = expr.downcast_ref::<Literal>() {
        return match literal.value() {
            ScalarValue::Boolean(Some(true)) => Meaning::Constant(Outcome::Always),
            ScalarValue::Boolean(_) | ScalarValue::Null => Meaning::Constant(Outcome::Never),
            _ => Meaning::Opaque,
        };
    }
    let test = if let Some(is_null) = expr.downcast_ref::<IsNullExpr>() {
        column_of(schema, is_null.arg()).map(|column| (column, Test::Null))
    } else if let Some(is_not_null) = expr.downcast_ref::<IsNotNullExpr>() {
        column_of(schema, is_not_null.arg()).map(|column| (column, Test::NotNull))
    } else if let Some(in_list) = expr.downcast_ref::<InListExpr>() {
        one_of(schema, in_list)
    } else if let Some(call) = expr.downcast_ref::<ScalarFunctionExpr>() {
        attribute_test(schema, call)
    } else if let Some(not) = expr.downcast_ref::<NotExpr>() {
        truth_test(schema, not.arg(), false)
    } else {
        truth_test(schema, expr, true)
    };
    test.map_or(Meaning::Opaque, |(column, test)| {
        Meaning::Test(column, test)
    })
}

fn meaning_of_binary(schema: &Schema, binary: &BinaryExpr) -> Meaning {
    let parts = |flatten: fn(Meaning) -> Result<Vec<Condition>, Meaning>| {
        let mut parts = Vec::new();
        for side in [binary.left(), binary.right()] {
            match flatten(meaning_of(schema, side)) {
                Ok(nested) => parts.extend(nested),
                Err(meaning) => parts.push(Condition {
                    expr: Arc::clone(side),
                    meaning,
                }),
            }
        }
        parts
    };
    match binary.op() {
        Operator::And => Meaning::All(parts(|meaning| match meaning {
            Meaning::All(nested) => Ok(nested),
            other => Err(other),
        })),
        Operator::Or => Meaning::Any(parts(|meaning| match meaning {
            Meaning::Any(nested) => Ok(nested),
            other => Err(other),
        })),
        operator => {
            let Some(comparison) = Comparison::of(*operator) else {
                return Meaning::Opaque;
            };
            let left_first = (column_of(schema, binary.left()), binary.right(), comparison);
            let right_first = (
                column_of(schema, binary.right()),
                binary.left(),
                comparison.mirrored(),
            );
            for (column, literal, comparison) in [left_first, right_first] {
                let (Some(column), Some(literal)) = (column, literal.downcast_ref::<Literal>())
                else {
                    continue;
                };
                if literal.value().is_null() {
                    return Meaning::Constant(Outcome::Never);
                }
                if let Some(value) = Value::of_column(data_type(schema, column), literal.value()) {
                    return Meaning::Test(column, Test::Compare(comparison, value));
                }
            }
            Meaning::Opaque
        }
    }
}

fn one_of(schema: &Schema, in_list: &InListExpr) -> Option<(ColumnId, Test)> {
    if in_list.negated() {
        return None;
    }
    let column = column_of(schema, in_list.expr())?;
    let data_type = data_type(schema, column);
    let values = in_list
        .list()
        .iter()
        .map(|item| Value::of_column(data_type, item.downcast_ref::<Literal>()?.value()));
    Some((column, Test::OneOf(values.collect::<Option<_>>()?)))
}

/// A truth value by itself, which is how the planner writes a comparison with one.
fn truth_test(
    schema: &Schema,
    expr: &Arc<dyn PhysicalExpr>,
    truth: bool,
) -> Option<(ColumnId, Test)> {
    let column = column_of(schema, expr)?;
    let is_truth = *data_type(schema, column) == DataType::Boolean;
    let test = Test::Compare(Comparison::Equal, Value::Bool(truth));
    is_truth.then_some((column, test))
}

fn attribute_test(schema: &Schema, call: &ScalarFunctionExpr) -> Option<(ColumnId, Test)> {
    if ![ATTRIBUTE_MATCHES, EVENT_ATTRIBUTE_MATCHES].contains(&call.name()) {
        return None;
    }
    let [column, key, _value] = call.args() else {
        return None;
    };
    let key = key
        .downcast_ref::<Literal>()?
        .value()
        .try_as_str()??
        .to_owned();
    Some((column_of(schema, column)?, Test::Attribute(key)))
}

/// The column that `expr` is, seen through casts which keep values and their order.
fn column_of(schema: &Schema, expr: &Arc<dyn PhysicalExpr>) -> Option<ColumnId> {
    if let Some(cast) = expr.downcast_ref::<CastExpr>() {
        let column = column_of(schema, cast.expr())?;
        let keeps_values = match data_type(schema, column) {
            DataType::Int8 => {
                matches!(
                    cast.cast_type(),
                    DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64
                )
            }
            DataType::Int64 => *cast.cast_type() == DataType::Int64,
            column => is_text(column) && is_text(cast.cast_type()),
        };
        return keeps_values.then_some(column);
    }
    let index = expr.downcast_ref::<Column>()?.index();
    (index < schema.fields().len()).then_some(ColumnId(index))
}

fn data_type(schema: &Schema, column: ColumnId) -> &DataType {
    schema.field(column.0).data_type()
}

fn is_text(data_type: &DataType) -> bool {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

impl Comparison {
    fn of(operator: Operator) -> Option<Self> {
        match operator {
            Operator::Eq => Some(Self::Equal),
            Operator::NotEq => Some(Self::NotEqual),
            Operator::Lt => Some(Self::Less),
            Operator::LtEq => Some(Self::LessOrEqual),
            Operator::Gt => Some(Self::Greater),
            Operator::GtEq => Some(Self::GreaterOrEqual),
            _ => None,
        }
    }

    /// The comparison that holds with the sides exchanged.
    fn mirrored(self) -> Self {
        match self {
            Self::Equal | Self::NotEqual => self,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }
}

impl Value {
    /// A literal as a value of a column; `None` for null and for values of another kind.
    fn of_column(data_type: &DataType, literal: &ScalarValue) -> Option<Self> {
        let value = Self::of_literal(literal)?;
        let fits = match data_type {
            DataType::Int64 | DataType::Int8 => matches!(value, Self::Int(_)),
            DataType::Boolean => matches!(value, Self::Bool(_)),
            DataType::FixedSizeBinary(_) => matches!(value, Self::Bytes(_)),
            // Among the others are floating-point numbers: NaN has no place in Parquet's statistics.
            other => is_text(other) && matches!(value, Self::Bytes(_)),
        };
        fits.then_some(value)
    }

    fn of_literal(literal: &ScalarValue) -> Option<Self> {
        Some(match literal {
            ScalarValue::Dictionary(_, inner) => Self::of_literal(inner)?,
            ScalarValue::Boolean(value) => Self::Bool((*value)?),
            ScalarValue::Int8(value) => Self::Int((*value)?.into()),
            ScalarValue::Int16(value) => Self::Int((*value)?.into()),
            ScalarValue::Int32(value) => Self::Int((*value)?.into()),
            ScalarValue::Int64(value) => Self::Int((*value)?),
            ScalarValue::Utf8(text)
            | ScalarValue::LargeUtf8(text)
            | ScalarValue::Utf8View(text) => Self::Bytes(text.as_ref()?.as_bytes().to_vec()),
            ScalarValue::FixedSizeBinary(_, bytes)
            | ScalarValue::Binary(bytes)
            | ScalarValue::LargeBinary(bytes)
            | ScalarValue::BinaryView(bytes) => Self::Bytes(bytes.clone()?),
            _ => return None,
        })
    }
}
