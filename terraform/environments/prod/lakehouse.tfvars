environment             = "prod"
skip_storage_validation = true

cluster = {
  node_types  = ["Standard_D4ds_v5", "Standard_E4ds_v5", "Standard_E8ds_v5"]
  max_workers = 8
}
