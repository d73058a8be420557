environment             = "pre"
skip_storage_validation = false

cluster = {
  node_types  = ["Standard_D4ds_v5"]
  max_workers = 2
}
