"""Reads the span table with the Python package deltalake and prints what it found as JSON."""

import json
import sys

import pyarrow.compute as pc
from deltalake import DeltaTable


def type_name(delta_type):
    """The name of a Delta type, without what is inside of it."""
    return delta_type.type


def main():
    table = DeltaTable(sys.argv[1])
    dataset = table.to_pyarrow_dataset()
    columns = ["trace_id", "start_time_unix_nano", "duration_nano", "date"]
    rows = dataset.to_table(columns=columns)
    of_user_7 = dataset.to_table(columns=["span.user.id"], filter=pc.field("span.user.id") == "user-7")
    by_date = rows.group_by("date").aggregate([("trace_id", "count")]).to_pylist()
    found = {
        "version": table.version(),
        "rows": rows.num_rows,
        "columns": {field.name: type_name(field.type) for field in table.schema().fields},
        "rows_of_user_7": of_user_7.num_rows,
        "users_of_user_7": sorted(set(of_user_7["span.user.id"].to_pylist())),
        "first_start": pc.min(rows["start_time_unix_nano"]).as_py(),
        "last_start": pc.max(rows["start_time_unix_nano"]).as_py(),
        "durations": sorted(set(rows["duration_nano"].to_pylist())),
        "rows_by_date": {str(row["date"]): row["trace_id_count"] for row in by_date},
        "distinct_trace_ids": pc.count_distinct(rows["trace_id"]).as_py(),
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
