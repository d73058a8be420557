# Cheap, and deployed from GitHub's own runners: addresses are public, behind firewalls and Entra sign-in.
runner_access     = "public"
private_endpoints = false
locked            = false
address_space     = "10.10.0.0/16"
zones             = []

kubernetes = {
  version         = "1.36"
  sku_tier        = "Free"
  host_encryption = false
  system_pool     = { vm_size = "Standard_D2s_v5", min_count = 1, max_count = 2 }
  workload_pool   = { vm_size = "Standard_D2s_v5", min_count = 1, max_count = 2 }
}

registry = { sku = "Basic" }

storage = {
  replication      = "LRS"
  soft_delete_days = 7
  lifecycle_rules = {
    raw = { cool_after_days = 30 }
  }
}

databricks = { managed_storage_sku = "Standard_LRS" }

key_vault = { soft_delete_days = 7, purge_protection = false }

monitoring = {
  retention_days = 30
  daily_quota_gb = 1
  thresholds = {
    no_ingestion_hours  = 48
    ingestion_scheduled = false # the charts' schedules are suspended in their values-dev.yaml
    failed_run_share    = 0.5
    rejected_row_share  = 0.2
    job_minutes         = 120
    job_scheduled       = false # paused in the bundle's target dev
  }
}

alert_emails             = ["data-platform-dev@example.com"]
budget                   = { monthly_amount = 500 }
telemetry_secret_expires = "2027-12-31T00:00:00Z"
