"""JSON values as they are written, which `from_json` does not keep: it makes a double of each number with a fraction
(`10000000.50` becomes `1.00000005E7`, digits beyond the 17th are lost) and writes objects anew, without blanks.

Spark's JSON source, and Auto Loader with it, keeps a value of a text column as it is written
(spark.sql.json.enableExactStringParsing, Spark 4.0). Here the text is looked for in the line, and taken only if
`from_json` makes of it what it made of the field: so a field of the same name in an inner object, or in a text, does no
harm.
"""

from __future__ import annotations

from collections.abc import Iterable

from pyspark.sql import Column
from pyspark.sql import functions as F

_TEXT = r'"(?:[^"\\]++|\\.)*+"'
#: Objects and lists, three levels of them.
_FLAT = rf'(?:[^"{{}}\[\]]++|{_TEXT})*+'
_DEEP = rf'(?:[^"{{}}\[\]]++|{_TEXT}|[\[{{]{_FLAT}[\]}}])*+'
_DEEPER = rf'(?:[^"{{}}\[\]]++|{_TEXT}|[\[{{]{_DEEP}[\]}}])*+'
_NESTED = rf"[\[{{]{_DEEPER}[\]}}]"
_NUMBER = r"-?[0-9][0-9.eE+-]*"
#: A line in which any value may have been written anew: a fraction, an exponent, or an object inside the object.
_ODD = r'" ?+:\s*+(?:-?[0-9]++[.eE]|[\[{])'
#: What `from_json` writes anew: a double, an object or a list.
_REWRITTEN = r"\A(?:-?[0-9]+\.[0-9]+(?:E-?[0-9]+)?\z|[\[{])"
_MAP = "map<string,string>"
#: Options of Spark's JSON parser, which else refuses a text of more than 20 MB.
JSON_OPTIONS = {"maxStringLen": str(2**31 - 1)}


def parsed(line: Column) -> Column:
    """The fields of a line, map<string,string>; NULL if it is no object."""
    return F.from_json(line, _MAP, JSON_OPTIONS)


def has_one_object(line: Column) -> Column:
    """False if anything is behind the line's object: `from_json` takes `{...} rubbish` and `{...}{...}` for one."""
    two = F.when(line.rlike(r"\}\s*\{"), F.regexp_replace(line, _TEXT, "").rlike(r"\}\s*\{"))
    return F.rtrim(line).endswith("}") & ~F.coalesce(two, F.lit(False))


def as_written(line: Column, fields: Column, names: Iterable[str]) -> Column:
    """The fields, those of these names each as the line has it.

    Args:
        line: the line.
        fields: map<string,string>, the line parsed.
        names: letters, digits and `_`.
    """
    # One expression over the map, behind one look at the line: an expression for each column, though few rows need it,
    # made reading several times slower.
    known = [F.lit(name) for name in names]
    exact = F.transform_values(
        fields,
        lambda name, value: F.when(
            name.isin(*known) & value.rlike(_REWRITTEN), F.coalesce(_found(line, name, value), value)
        ).otherwise(value),
    )
    return F.when(line.rlike(_ODD), exact).otherwise(fields)


def _found(line: Column, name: Column, value: Column) -> Column:
    """The first text in the line that stands where a field of that name would, and is parsed to its value."""
    pattern = F.concat(F.lit('"'), name, F.lit(rf'"\s*:\s*({_NUMBER}|{_NESTED})'))
    written = F.regexp_extract_all(line, pattern, F.lit(1))
    same = F.filter(written, lambda text: parsed(F.concat(F.lit('{"v":'), text, F.lit("}")))["v"] == value)
    return F.get(same, F.lit(0))
