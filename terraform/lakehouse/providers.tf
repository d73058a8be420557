# Never from a resource of the same root: the workspace is made by the root platform. Identity: ARM_CLIENT_ID,
# ARM_TENANT_ID and ARM_CLIENT_SECRET, or DATABRICKS_AUTH_TYPE=github-oidc-azure.
provider "databricks" {
  host                        = var.workspace_url
  azure_workspace_resource_id = var.workspace_resource_id
}
