locals {
  principals = merge(var.group_names, { job = databricks_service_principal.job.application_id })

  # The lists of terraform/access.yaml, by what they are on.
  grants = yamldecode(file("${path.module}/../access.yaml")).unity_catalog

  on_catalog = [for grant in local.grants : grant if grant.securable == "catalog"]
  on_schema = {
    for name in keys(local.roots) : name => [for grant in local.grants : grant if grant.securable == "schema/${name}"]
  }
  on_volume = {
    for name in ["bronze.raw", "ops.work"] : name => [for grant in local.grants : grant if grant.securable == "volume/${name}"]
  }
}

# Authoritative: what somebody grants by hand is gone after the next run.
resource "databricks_grants" "catalog" {
  catalog = databricks_catalog.this.name

  dynamic "grant" {
    for_each = local.on_catalog

    content {
      principal  = local.principals[grant.value.principal]
      privileges = grant.value.privileges
    }
  }
}

resource "databricks_grants" "schema" {
  for_each = local.on_schema

  schema = databricks_schema.this[each.key].id

  dynamic "grant" {
    for_each = each.value

    content {
      principal  = local.principals[grant.value.principal]
      privileges = grant.value.privileges
    }
  }
}

resource "databricks_grants" "volume" {
  for_each = local.on_volume

  volume = each.key == "bronze.raw" ? databricks_volume.raw.id : databricks_volume.work.id

  dynamic "grant" {
    for_each = each.value

    content {
      principal  = local.principals[grant.value.principal]
      privileges = grant.value.privileges
    }
  }
}
