"""silver.customer_conflicts: a view of the fields on whose value the sources that know a customer disagree.

A view, not a table: it costs a run nothing, cannot lag behind, and forgets a person in the moment silver does. Its text
is the same wherever it runs; only the names of the two tables differ. It compares what silver shows, hence masks.
"""

from __future__ import annotations

from customer_contract import ColumnFormat, Contract

NAME = "silver.customer_conflicts"
#: The columns of the view, with their comments.
COLUMNS = (
    ("cpf_token", "string", "The customer, by HMAC of the CPF"),
    ("field", "string", "The field of silver.customers that is in dispute"),
    ("golden_value", "string", "What the golden record shows, masked like it"),
    ("golden_source", "string", "The source that gave it"),
    ("golden_event_at", "timestamp", "When that version came to be at its source"),
    ("rule", "string", "The survivorship rule that chose it"),
    (
        "by_source",
        "map<string,struct<value:string,event_at:timestamp>>",
        "Source -> the newest value it gave, masked, and when",
    ),
)


def query(contract: Contract, purchases: str, customers: str) -> str:
    """The view's SELECT.

    Args:
        contract: names the fields.
        purchases: silver.purchases as SQL names it: ``delta.`/lake/silver/purchases` `` or `catalog.silver.purchases`.
        customers: silver.customers likewise.
    """
    # Rows of one cpf_token cannot disagree on the CPF.
    fields = [c.name for c, _ in contract.golden_columns if c.format is not ColumnFormat.CPF]
    known = ", ".join(f"'{name}', CAST({name} AS STRING)" for name in fields)
    golden = ", ".join(f"'{name}', CAST({name} AS STRING), lineage.{name}" for name in fields)
    return f"""\
WITH known AS (
  SELECT cpf_token, _source, _event_at,
         stack({len(fields)}, {known}) AS (field, value)
  FROM {purchases}
), newest AS (
  SELECT cpf_token, field, _source, max(_event_at) AS event_at,
         max_by(value, struct(_event_at, value)) AS value
  FROM known WHERE value IS NOT NULL
  GROUP BY cpf_token, field, _source
), disputed AS (
  SELECT cpf_token, field,
         map_from_entries(sort_array(collect_list(struct(_source, struct(value, event_at))))) AS by_source
  FROM newest
  GROUP BY cpf_token, field
  HAVING count(DISTINCT value COLLATE UNICODE_CI_AI) > 1
), golden AS (
  SELECT cpf_token, stack({len(fields)}, {golden}) AS (field, golden_value, origin)
  FROM {customers}
)
SELECT cpf_token, field, golden_value, origin.source AS golden_source, origin.event_at AS golden_event_at,
       origin.rule AS rule, by_source
FROM disputed JOIN golden USING (cpf_token, field)"""


def create_statement(contract: Contract, name: str, purchases: str, customers: str) -> str:
    """The statement that makes the view under `name`, its columns commented."""
    columns = ", ".join(f"{column} COMMENT {_quoted(comment)}" for column, _, comment in COLUMNS)
    comment = _quoted("Fields on whose value the sources that know a customer disagree, by masked values")
    return f"CREATE OR REPLACE VIEW {name} ({columns})\nCOMMENT {comment}\nAS\n{query(contract, purchases, customers)}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
