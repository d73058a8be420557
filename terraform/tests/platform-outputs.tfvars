# Output `lakehouse` of the root platform, as it looks; the account's id and the groups' names.
workspace_url          = "https://adb-1.1.azuredatabricks.net"
workspace_resource_id  = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Databricks/workspaces/dbw"
access_connector_id    = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Databricks/accessConnectors/dbac"
storage_dfs_host       = "stmock.dfs.core.windows.net"
job_identity_id        = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-job"
job_identity_client_id = "00000000-0000-0000-0000-000000000009"
key_vault_id           = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv"
key_vault_uri          = "https://kv.vault.azure.net/"
databricks_account_id  = "00000000-0000-0000-0000-000000000008"
group_names            = { operators = "cdp-operators", data_engineers = "cdp-data-engineers", analysts = "cdp-analysts" }
