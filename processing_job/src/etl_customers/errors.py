"""Every fault the job can end in, with its exit code (sysexits.h) and what to do next. Never a value of a row."""


class JobError(Exception):
    """Root of the job's faults."""

    code = "JOB_FAILED"
    exit_code = 70
    advice = "Look at the log lines of this run id."


class ConfigurationInvalid(JobError):
    """A setting, a key, a path or the contract is missing or unfit."""

    code = "CONFIGURATION_INVALID"
    exit_code = 78
    advice = "Correct the setting named above and run again; nothing was written."


class TokenKeyDiffers(ConfigurationInvalid):
    """The lake's tokens were made with another key: those of this one would not join with them."""

    code = "TOKEN_KEY_DIFFERS"
    advice = (
        "Nothing was written. Give the key that made this lake, under its id (ETL_TOKEN_KEY_ID). If it is lost, or "
        "must not be used any more, build silver and gold anew from bronze under other paths or schemas."
    )


class StorageFailed(JobError):
    """The storage has no room left, or gives no right."""

    code = "STORAGE_FAILED"
    exit_code = 74
    advice = (
        "No table holds half a write. Make room, or give the right to read raw and to write the tables, and run again."
    )


class ContractBreaksTable(JobError):
    """The contract has changed in a way that would give rows on record another meaning."""

    code = "CONTRACT_BREAKS_TABLE"
    exit_code = 78
    advice = (
        "Nothing was written. Put the contract back; or give what is new an optional column of its own and leave the "
        "old one as it is; or build silver and gold anew from bronze by the changed contract, under other paths or "
        "schemas (ETL_SILVER_PATH, ETL_GOLD_PATH). See docs/schema-change.md."
    )


class SourceFailed(JobError):
    """Raw files of at least one source could not be taken to bronze; the other sources landed."""

    code = "SOURCE_FAILED"
    exit_code = 69
    advice = "Correct or remove the raw batch named in the log and run again; what landed is not read twice."


class StreamFailed(SourceFailed):
    """A source could not be taken to bronze, for a reason that is not in its files; the other sources landed."""

    code = "STREAM_FAILED"
    exit_code = 70
    advice = (
        "Run again: nothing was lost, and what landed is not read twice. If it comes again, the causes in the log line "
        "bronze_source_failed tell whose fault it is: the memory, the network, or the installation."
    )


class ReconciliationFailed(JobError):
    """Rows that went in are not all accounted for."""

    code = "RECONCILIATION_FAILED"
    exit_code = 65
    advice = (
        "Do not publish this run: compare the counts above with the manifests of the batches and the tables' history."
    )


class GoldDiffers(ReconciliationFailed):
    """A table of gold, or the golden customers, do not add up to silver.purchases.

    Args:
        table: its name.
    """

    advice = (
        "The next run of its layer makes the table anew. If it ends like this one, do not publish gold; else look into "
        "the table's history (DESCRIBE HISTORY) for who wrote to it beside this job."
    )

    def __init__(self, message: str, table: str) -> None:
        super().__init__(message)
        self.table = table


class WrittenMeanwhile(JobError):
    """Another writer changed a table while this run worked on it; Delta refused this run's commit."""

    code = "WRITTEN_MEANWHILE"
    exit_code = 75
    advice = "Nothing is lost or half done. Run again when the other writer has finished."


class QualityBreached(JobError):
    """A quality rule of severity error does not hold: silver is committed, gold was left as it was."""

    code = "QUALITY_BREACHED"
    exit_code = 76
    advice = (
        "Gold was left as it was. Look at silver.quarantine; correct the source and ingest again, or correct the rule "
        "in the contract, or accept what came: run again with --accept-quality and this run's id."
    )
