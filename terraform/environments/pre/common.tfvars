# What the roots bootstrap and platform share.
environment   = "pre"
location      = "brazilsouth"
region_code   = "brs"
unique_suffix = "x7k2" # another one of your own: it makes names unique in all of Azure
owner         = "data-platform"
cost_center   = "retail-data"
