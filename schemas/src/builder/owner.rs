//! Resources and scopes: written once each, then repeated for their spans by number.

use arrow_array::{ArrayRef, UInt32Array};
use arrow_select::take::take;

use super::column_builders::{AttributeBuilder, KeywordBuilder, NumberBuilder};
use super::{ResourceRow, ScopeRow, append_count, append_text, attributes_text, write_rest};
use crate::ColumnId;
use crate::columns::{self, promoted_resource_attributes, resource_attribute_column};

/// The columns whose values belong to a span's resource or scope.
#[derive(Debug)]
pub(super) struct Owners {
    resources: usize,
    resource_of_row: Vec<u32>,
    attributes: Vec<(ColumnId, AttributeBuilder)>,
    rest: KeywordBuilder,
    resource_dropped: NumberBuilder<i64>,
    resource_schema_url: KeywordBuilder,
    entity_refs: KeywordBuilder,
    scopes: usize,
    scope_of_row: Vec<u32>,
    scope_name: KeywordBuilder,
    scope_version: KeywordBuilder,
    scope_attributes: KeywordBuilder,
    scope_dropped: NumberBuilder<i64>,
    scope_schema_url: KeywordBuilder,
    text: String,
}

impl Default for Owners {
    fn default() -> Self {
        let attributes = promoted_resource_attributes()
            .map(|(_, id)| (id, AttributeBuilder::new(id.column().column_type)));
        Self {
            resources: 0,
            resource_of_row: Vec::new(),
            attributes: attributes.collect(),
            rest: KeywordBuilder::default(),
            resource_dropped: NumberBuilder::default(),
            resource_schema_url: KeywordBuilder::default(),
            entity_refs: KeywordBuilder::default(),
            scopes: 0,
            scope_of_row: Vec::new(),
            scope_name: KeywordBuilder::default(),
            scope_version: KeywordBuilder::default(),
            scope_attributes: KeywordBuilder::default(),
            scope_dropped: NumberBuilder::default(),
            scope_schema_url: KeywordBuilder::default(),
            text: String::new(),
        }
    }
}

impl Owners {
    pub(super) fn set_resource(&mut self, resource: &ResourceRow<'_>) {
        let number = self.resources;
        self.resources += 1;
        self.text.clear();
        for &(key, value) in resource.attributes {
            let column = resource_attribute_column(key)
                .and_then(|id| self.attributes.iter_mut().find(|(column, _)| *column == id));
            if !column.is_some_and(|(_, builder)| builder.try_append(number, value)) {
                write_rest(&mut self.text, key, value);
            }
        }
        if !self.text.is_empty() {
            self.text.push('}');
            self.rest.append(number, &self.text);
        }
        append_count(
            &mut self.resource_dropped,
            number,
            resource.dropped_attributes_count,
        );
        append_text(&mut self.resource_schema_url, number, resource.schema_url);
        append_text(&mut self.entity_refs, number, resource.entity_refs);
    }

    pub(super) fn set_scope(&mut self, scope: &ScopeRow<'_>) {
        let number = self.scopes;
        self.scopes += 1;
        append_text(&mut self.scope_name, number, scope.name);
        append_text(&mut self.scope_version, number, scope.version);
        if let Some(text) = attributes_text(&mut self.text, scope.attributes) {
            self.scope_attributes.append(number, text);
        }
        append_count(
            &mut self.scope_dropped,
            number,
            scope.dropped_attributes_count,
        );
        append_text(&mut self.scope_schema_url, number, scope.schema_url);
    }

    /// Gives the next row the current resource and scope; empty ones where none was set.
    pub(super) fn push(&mut self) {
        if self.resources == 0 {
            self.set_resource(&ResourceRow::default());
        }
        if self.scopes == 0 {
            self.set_scope(&ScopeRow::default());
        }
        self.resource_of_row.push(last_number(self.resources));
        self.scope_of_row.push(last_number(self.scopes));
    }

    pub(super) fn finish(self) -> Vec<(ColumnId, ArrayRef)> {
        let (resources, scopes) = (self.resources, self.scopes);
        let mut by_resource: Vec<(ColumnId, Option<ArrayRef>)> = self
            .attributes
            .into_iter()
            .map(|(id, builder)| (id, builder.finish(resources)))
            .collect();
        by_resource.push((columns::RESOURCE_ATTRIBUTES, self.rest.finish(resources)));
        by_resource.push((
            columns::RESOURCE_DROPPED_ATTRIBUTES_COUNT,
            self.resource_dropped.finish(resources),
        ));
        by_resource.push((
            columns::RESOURCE_SCHEMA_URL,
            self.resource_schema_url.finish(resources),
        ));
        by_resource.push((
            columns::RESOURCE_ENTITY_REFS,
            self.entity_refs.finish(resources),
        ));
        let by_scope = vec![
            (columns::SCOPE_NAME, self.scope_name.finish(scopes)),
            (columns::SCOPE_VERSION, self.scope_version.finish(scopes)),
            (
                columns::SCOPE_ATTRIBUTES,
                self.scope_attributes.finish(scopes),
            ),
            (
                columns::SCOPE_DROPPED_ATTRIBUTES_COUNT,
                self.scope_dropped.finish(scopes),
            ),
            (
                columns::SCOPE_SCHEMA_URL,
                self.scope_schema_url.finish(scopes),
            ),
        ];
        let mut arrays = repeat(by_resource, self.resource_of_row);
        arrays.extend(repeat(by_scope, self.scope_of_row));
        arrays
    }
}

fn last_number(count: usize) -> u32 {
    u32::try_from(count - 1).expect("a batch holds fewer than 2^32 resources and scopes")
}

fn repeat(
    columns: Vec<(ColumnId, Option<ArrayRef>)>,
    owner_of_row: Vec<u32>,
) -> Vec<(ColumnId, ArrayRef)> {
    let rows = UInt32Array::from(owner_of_row);
    let present = columns
        .into_iter()
        .filter_map(|(id, array)| Some((id, array?)));
    present
        .map(|(id, array)| {
            (
                id,
                take(&array, &rows, None).expect("every row has a resource and a scope"),
            )
        })
        .collect()
}
