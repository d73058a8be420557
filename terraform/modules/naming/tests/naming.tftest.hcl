variables {
  project       = "cdp"
  environment   = "prod"
  region_code   = "brs"
  unique_suffix = "x7k2"
}

run "keeps_to_azures_limits" {
  command = plan

  assert {
    condition     = output.names.storage_account == "stlakecdpprodbrsx7k2"
    error_message = "A storage account's name is lower-case letters and digits."
  }

  assert {
    condition     = alltrue([for kind, name in output.names : length(name) >= output.limits[kind].min && length(name) <= output.limits[kind].max])
    error_message = "A name is too short or too long."
  }

  assert {
    condition     = output.names.kubernetes_cluster == "aks-cdp-prod-brs"
    error_message = "The cluster's name does not follow the pattern."
  }

  assert {
    condition     = length(distinct(values(output.names))) == length(output.names)
    error_message = "Two kinds share a name."
  }

}

run "refuses_a_name_too_long" {
  command = plan

  variables {
    project       = "abcdef"
    region_code   = "abcd"
    unique_suffix = "abcde"
  }

  expect_failures = [output.names]
}

run "refuses_a_long_project" {
  command = plan

  variables {
    project = "customerdata"
  }

  expect_failures = [var.project]
}

run "refuses_another_environment" {
  command = plan

  variables {
    environment = "test"
  }

  expect_failures = [var.environment]
}

run "refuses_a_region_with_dashes" {
  command = plan

  variables {
    region_code = "br-s"
  }

  expect_failures = [var.region_code]
}

run "refuses_a_short_suffix" {
  command = plan

  variables {
    unique_suffix = "a"
  }

  expect_failures = [var.unique_suffix]
}
