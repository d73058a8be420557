# Nothing that holds data answers on a public address; deployed by a runner within the network.
runner_access     = "self_hosted"
private_endpoints = true
locked            = true
address_space     = "10.30.0.0/16"
zones             = ["1", "2", "3"]

kubernetes = {
  version         = "1.36"
  sku_tier        = "Standard"
  host_encryption = true
  system_pool     = { vm_size = "Standard_D2s_v5", min_count = 2, max_count = 3 }
  workload_pool   = { vm_size = "Standard_D4s_v5", min_count = 2, max_count = 6 }
}

registry = { sku = "Premium", zone_redundant = true, untagged_retention_days = 30 }

storage = {
  replication      = "ZRS" # three data centres of one region: a copy in its pair would be one in the United States
  soft_delete_days = 30
  lifecycle_rules = {
    raw    = { cool_after_days = 30, cold_after_days = 120 }
    bronze = { cool_after_days = 120 }
  }
}

databricks = { managed_storage_sku = "Standard_ZRS" }

key_vault = { soft_delete_days = 90, purge_protection = true }

monitoring = {
  retention_days = 90
  daily_quota_gb = 10
  grafana        = { major_version = "12", zone_redundant = true }
  thresholds = {
    no_ingestion_hours  = 25
    ingestion_scheduled = true
    failed_run_share    = 0.2
    rejected_row_share  = 0.05
    job_minutes         = 60
    job_scheduled       = true
  }
}

alert_emails             = ["data-platform@example.com"]
budget                   = { monthly_amount = 3000 }
telemetry_secret_expires = "2027-12-31T00:00:00Z"
