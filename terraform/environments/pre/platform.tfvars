# As prod in kind, smaller in size, and still deployed from GitHub's own runners.
runner_access     = "public"
private_endpoints = true
locked            = false
address_space     = "10.20.0.0/16"
zones             = ["1"]

kubernetes = {
  version         = "1.36"
  sku_tier        = "Standard"
  host_encryption = true
  system_pool     = { vm_size = "Standard_D2s_v5", min_count = 1, max_count = 3 }
  workload_pool   = { vm_size = "Standard_D2s_v5", min_count = 1, max_count = 3 }
}

registry = { sku = "Premium", untagged_retention_days = 7 }

storage = {
  replication      = "ZRS"
  soft_delete_days = 14
  lifecycle_rules = {
    raw = { cool_after_days = 30, cold_after_days = 120 }
  }
}

databricks = { managed_storage_sku = "Standard_LRS" }

key_vault = { soft_delete_days = 30, purge_protection = true }

monitoring = {
  retention_days = 30
  daily_quota_gb = 2
  grafana        = { major_version = "12" }
  thresholds = {
    no_ingestion_hours  = 26
    ingestion_scheduled = true
    failed_run_share    = 0.3
    rejected_row_share  = 0.1
    job_minutes         = 90
    job_scheduled       = true
  }
}

alert_emails             = ["data-platform-pre@example.com"]
budget                   = { monthly_amount = 1200 }
telemetry_secret_expires = "2027-12-31T00:00:00Z"
