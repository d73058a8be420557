# What this project is given and does not make: copy it out of the repository, fill it in, and name it by -var-file;
# or set TF_VAR_identities and the rest as JSON. The ids below are nobody's.
identities = {
  database      = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-identities/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-database"
  api           = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-identities/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-api"
  csv           = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-identities/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-csv"
  job           = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-identities/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-job"
  control_plane = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-identities/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-control-plane"
  kubelet       = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-identities/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-kubelet"
}

groups = {
  platform_admins = "00000000-0000-0000-0000-000000000001"
  operators       = "00000000-0000-0000-0000-000000000002"
  data_engineers  = "00000000-0000-0000-0000-000000000003"
  analysts        = "00000000-0000-0000-0000-000000000004"
  # inbox_senders = "00000000-0000-0000-0000-000000000006" # who delivers CSV files, people or other systems; see helm/README.md
}

databricks_app_object_id = "00000000-0000-0000-0000-000000000005"
