// Stands in for a Terraform provider where the real one cannot be had: it knows the provider's schema and nothing else.
//
// With it `terraform validate` resolves every reference and type, and `terraform test` with mocks runs, for azurerm and
// databricks alike. It holds none of their own validations (forms of ids, allowed values), and can make nothing.
package main

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

//go:embed *.schema.json.gz
var files embed.FS

// block is a schema as `terraform providers schema -json` prints it, less what is not needed here.
type block struct {
	Attributes map[string]attribute `json:"attributes"`
	BlockTypes map[string]nested    `json:"block_types"`
}

// attribute has either a type or attributes of its own.
type attribute struct {
	Type       json.RawMessage `json:"type"`
	NestedType *struct {
		Attributes  map[string]attribute `json:"attributes"`
		NestingMode string               `json:"nesting_mode"`
	} `json:"nested_type"`
	Required  bool `json:"required"`
	Optional  bool `json:"optional"`
	Computed  bool `json:"computed"`
	Sensitive bool `json:"sensitive"`
	WriteOnly bool `json:"write_only"`
}

type nested struct {
	NestingMode string `json:"nesting_mode"`
	MinItems    int64  `json:"min_items"`
	MaxItems    int64  `json:"max_items"`
	Block       block  `json:"block"`
}

type document struct {
	Provider    block            `json:"provider"`
	Resources   map[string]block `json:"resources"`
	DataSources map[string]block `json:"data_sources"`
}

var modes = map[string]tfprotov6.SchemaNestedBlockNestingMode{
	"list":   tfprotov6.SchemaNestedBlockNestingModeList,
	"set":    tfprotov6.SchemaNestedBlockNestingModeSet,
	"map":    tfprotov6.SchemaNestedBlockNestingModeMap,
	"single": tfprotov6.SchemaNestedBlockNestingModeSingle,
}

var objectModes = map[string]tfprotov6.SchemaObjectNestingMode{
	"list":   tfprotov6.SchemaObjectNestingModeList,
	"set":    tfprotov6.SchemaObjectNestingModeSet,
	"map":    tfprotov6.SchemaObjectNestingModeMap,
	"single": tfprotov6.SchemaObjectNestingModeSingle,
}

func main() {
	// Terraform starts a provider by a name such as terraform-provider-azurerm_v5.2.0.
	name := strings.TrimPrefix(filepath.Base(os.Args[0]), "terraform-provider-")
	name, _, _ = strings.Cut(name, "_v")
	schemas, err := read(name)
	if err == nil {
		serve := func() tfprotov6.ProviderServer { return server{schemas: schemas} }
		err = tf6server.Serve("registry.terraform.io/stand-in/"+name, serve)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// read gives the schemas of the provider `name`, from the file that begins with its name.
func read(name string) (*tfprotov6.GetProviderSchemaResponse, error) {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), name+"-") {
			continue
		}
		packed, err := files.ReadFile(entry.Name())
		if err != nil {
			return nil, err
		}
		reader, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			return nil, err
		}
		var found document
		if err := json.NewDecoder(reader).Decode(&found); err != nil {
			return nil, err
		}
		return response(found)
	}
	return nil, fmt.Errorf("no schema of a provider named %s", name)
}

// served tells whether a type is to be known: all are, unless STAND_IN_TYPES names some.
func served(name string) bool {
	only := os.Getenv("STAND_IN_TYPES")
	return only == "" || slices.Contains(strings.Split(only, ","), name)
}

func response(found document) (*tfprotov6.GetProviderSchemaResponse, error) {
	provider, err := convert(found.Provider)
	if err != nil {
		return nil, fmt.Errorf("provider: %w", err)
	}
	made := &tfprotov6.GetProviderSchemaResponse{
		Provider:          &tfprotov6.Schema{Block: provider},
		ResourceSchemas:   map[string]*tfprotov6.Schema{},
		DataSourceSchemas: map[string]*tfprotov6.Schema{},
	}
	for name, one := range found.Resources {
		if !served(name) {
			continue
		}
		schema, err := convert(one)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		made.ResourceSchemas[name] = &tfprotov6.Schema{Block: schema}
	}
	for name, one := range found.DataSources {
		if !served(name) {
			continue
		}
		schema, err := convert(one)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		made.DataSourceSchemas[name] = &tfprotov6.Schema{Block: schema}
	}
	return made, nil
}

func convert(one block) (*tfprotov6.SchemaBlock, error) {
	attributes, err := convertAttributes(one.Attributes)
	if err != nil {
		return nil, err
	}
	made := &tfprotov6.SchemaBlock{Attributes: attributes}
	for name, given := range one.BlockTypes {
		inner, err := convert(given.Block)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		made.BlockTypes = append(made.BlockTypes, &tfprotov6.SchemaNestedBlock{
			TypeName: name, Nesting: modes[given.NestingMode], MinItems: given.MinItems, MaxItems: given.MaxItems, Block: inner,
		})
	}
	return made, nil
}

func convertAttributes(given map[string]attribute) ([]*tfprotov6.SchemaAttribute, error) {
	var made []*tfprotov6.SchemaAttribute
	for name, one := range given {
		next := &tfprotov6.SchemaAttribute{
			Name: name, Required: one.Required, Optional: one.Optional, Computed: one.Computed,
			Sensitive: one.Sensitive, WriteOnly: one.WriteOnly,
		}
		var err error
		if one.NestedType == nil {
			next.Type, err = tftypes.ParseJSONType(one.Type) //nolint:staticcheck // the one reader of this form
		} else {
			next.NestedType = &tfprotov6.SchemaObject{Nesting: objectModes[one.NestedType.NestingMode]}
			next.NestedType.Attributes, err = convertAttributes(one.NestedType.Attributes)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		made = append(made, next)
	}
	return made, nil
}
