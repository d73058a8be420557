# The bundled ruleset only: the one for azurerm is not on a package registry.
plugin "terraform" {
  enabled = true
  preset  = "all"
}

# Outputs and variables stand in files of their own kind; prose comments begin with #.
rule "terraform_standard_module_structure" {
  enabled = false
}
