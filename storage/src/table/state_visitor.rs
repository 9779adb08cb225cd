//! Collects the actions that make up a table's state from the kernel's columns.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

use delta_kernel::engine_data::{
    FilteredRowVisitor, GetData, MapItem, RowIndexIterator, TypedGetData,
};
use delta_kernel::expressions::ColumnName;
use delta_kernel::schema::{ArrayType, DataType, MapType};
use delta_kernel::{KernelError, KernelResult};

use super::PartitionDate;
use super::action::{Add, Format, Metadata};
use super::protocol::Protocol;

/// The actions seen so far.
#[derive(Default)]
pub(super) struct StateVisitor {
    pub(super) protocol: Option<Protocol>,
    pub(super) metadata: Option<Metadata>,
    pub(super) adds: Vec<Add>,
    pub(super) tombstones: HashSet<String>,
    pub(super) app_transactions: HashMap<String, i64>,
}

/// The columns that are read; the constants below are their positions.
static LEAVES: LazyLock<(Vec<ColumnName>, Vec<DataType>)> = LazyLock::new(|| {
    let texts = || DataType::from(ArrayType::new(DataType::STRING, false));
    let map = |nullable| DataType::from(MapType::new(DataType::STRING, DataType::STRING, nullable));
    let leaves: [(&[&str], DataType); LEAF_COUNT] = [
        (&["protocol", "minReaderVersion"], DataType::INTEGER),
        (&["protocol", "minWriterVersion"], DataType::INTEGER),
        (&["protocol", "readerFeatures"], texts()),
        (&["protocol", "writerFeatures"], texts()),
        (&["metaData", "id"], DataType::STRING),
        (&["metaData", "name"], DataType::STRING),
        (&["metaData", "description"], DataType::STRING),
        (&["metaData", "format", "provider"], DataType::STRING),
        (&["metaData", "format", "options"], map(false)),
        (&["metaData", "schemaString"], DataType::STRING),
        (&["metaData", "partitionColumns"], texts()),
        (&["metaData", "createdTime"], DataType::LONG),
        (&["metaData", "configuration"], map(false)),
        (&["txn", "appId"], DataType::STRING),
        (&["txn", "version"], DataType::LONG),
        (&["remove", "path"], DataType::STRING),
        (&["add", "path"], DataType::STRING),
        (&["add", "partitionValues"], map(true)),
        (&["add", "size"], DataType::LONG),
        (&["add", "modificationTime"], DataType::LONG),
        (&["add", "stats"], DataType::STRING),
    ];
    let leaf = |(path, data_type): (&[&str], _)| (ColumnName::new(path.iter().copied()), data_type);
    leaves.into_iter().map(leaf).unzip()
});

const PROTOCOL: usize = 0;
const METADATA: usize = 4;
const TXN: usize = 13;
const REMOVE: usize = 15;
const ADD: usize = 16;
const LEAF_COUNT: usize = 21;

type Leaf<'a> = &'a dyn GetData<'a>;

impl FilteredRowVisitor for StateVisitor {
    fn selected_column_names_and_types(&self) -> (&'static [ColumnName], &'static [DataType]) {
        (&LEAVES.0, &LEAVES.1)
    }

    fn visit_filtered<'a>(
        &mut self,
        leaves: &[Leaf<'a>],
        rows: RowIndexIterator<'_>,
    ) -> KernelResult<()> {
        if leaves.len() != LEAF_COUNT {
            return Err(KernelError::generic(
                "the kernel gave other columns than asked for",
            ));
        }
        for row in rows {
            if let Some(path) = leaves[ADD].get_opt(row, "add.path")? {
                self.adds.push(read_add(path, &leaves[ADD..], row)?);
            } else if let Some(path) = leaves[REMOVE].get_opt(row, "remove.path")? {
                self.tombstones.insert(path);
            } else if let Some(app_id) = leaves[TXN].get_opt(row, "txn.appId")? {
                self.app_transactions
                    .insert(app_id, leaves[TXN + 1].get(row, "txn.version")?);
            } else if let Some(id) = leaves[METADATA].get_opt(row, "metaData.id")? {
                self.metadata = Some(read_metadata(id, &leaves[METADATA..TXN], row)?);
            } else if let Some(min_reader_version) =
                leaves[PROTOCOL].get_opt(row, "protocol.minReaderVersion")?
            {
                self.protocol = Some(Protocol {
                    min_reader_version,
                    min_writer_version: leaves[PROTOCOL + 1]
                        .get(row, "protocol.minWriterVersion")?,
                    reader_features: leaves[PROTOCOL + 2]
                        .get_opt(row, "protocol.readerFeatures")?,
                    writer_features: leaves[PROTOCOL + 3]
                        .get_opt(row, "protocol.writerFeatures")?,
                });
            }
        }
        Ok(())
    }
}

fn read_add<'a>(path: String, leaves: &[Leaf<'a>], row: usize) -> KernelResult<Add> {
    let partition_values: MapItem<'_> = leaves[1].get(row, "add.partitionValues")?;
    let date = partition_values
        .get(PartitionDate::COLUMN)
        .map(str::to_owned);
    Ok(Add {
        path,
        partition_values: BTreeMap::from([(PartitionDate::COLUMN.to_owned(), date)]),
        size: leaves[2].get(row, "add.size")?,
        modification_time: leaves[3].get(row, "add.modificationTime")?,
        data_change: false,
        stats: leaves[4].get_opt(row, "add.stats")?,
        deletion_vector: None,
    })
}

fn read_metadata<'a>(id: String, leaves: &[Leaf<'a>], row: usize) -> KernelResult<Metadata> {
    let map = |leaf: usize, name: &str| -> KernelResult<BTreeMap<String, String>> {
        let map: Option<HashMap<String, String>> = leaves[leaf].get_opt(row, name)?;
        Ok(map.unwrap_or_default().into_iter().collect())
    };
    Ok(Metadata {
        id,
        name: leaves[1].get_opt(row, "metaData.name")?,
        description: leaves[2].get_opt(row, "metaData.description")?,
        format: Format {
            provider: leaves[3].get(row, "metaData.format.provider")?,
            options: map(4, "metaData.format.options")?,
        },
        schema_string: leaves[5].get(row, "metaData.schemaString")?,
        partition_columns: leaves[6].get(row, "metaData.partitionColumns")?,
        created_time: leaves[7].get_opt(row, "metaData.createdTime")?,
        configuration: map(8, "metaData.configuration")?,
    })
}
