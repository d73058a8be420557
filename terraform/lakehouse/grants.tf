data "databricks_current_user" "deployer" {}

locals {
  principals = merge(var.group_names, { job = databricks_service_principal.job.application_id })

  # The lists of terraform/access.yaml, by what they are on.
  access = yamldecode(file("${path.module}/../access.yaml"))
  grants = local.access.unity_catalog

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

# Who made a service principal is its manager, and still may not let a job run as it. All of its roles: authoritative too.
resource "databricks_access_control_rule_set" "job" {
  name = "accounts/${var.databricks_account_id}/servicePrincipals/${databricks_service_principal.job.application_id}/ruleSets/default"

  dynamic "grant_rules" {
    for_each = [for grant in local.access.databricks : grant if grant.scope == "service_principal/job"]

    content {
      principals = [data.databricks_current_user.deployer.acl_principal_id]
      role       = "roles/${grant_rules.value.role}"
    }
  }
}

resource "databricks_permissions" "wheels" {
  directory_path = databricks_directory.wheels.path

  dynamic "access_control" {
    for_each = [for grant in local.access.databricks : grant if grant.scope == "directory/wheels"]

    content {
      service_principal_name = local.principals[access_control.value.principal]
      permission_level       = access_control.value.role
    }
  }
}
