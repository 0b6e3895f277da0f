// Package ptu holds the words and the arithmetic of provisioned throughput:
// which SKU a deployment type is bought as, which capacities a model may be
// deployed with, how many normalized tokens a call weighs, how many units a
// workload needs and what those units cost. It is pure: no I/O, no clock, no
// tables of its own. The figures come from package catalog, and the client,
// the gateway, the emulator and the simulator all compute with this one copy.
package ptu

import (
	"fmt"
	"strings"
)

// DeploymentType is where a provisioned deployment may process a call.
type DeploymentType string

// The three deployment types, spelled as the command line spells them.
const (
	Regional DeploymentType = "regional"
	Global   DeploymentType = "global"
	DataZone DeploymentType = "data-zone"
)

// SKU names as Azure Resource Manager spells them.
const (
	SKURegional         = "ProvisionedManaged"
	SKUGlobal           = "GlobalProvisionedManaged"
	SKUDataZone         = "DataZoneProvisionedManaged"
	SKUClassic          = "Provisioned" // legacy, commitment model
	SKUStandard         = "Standard"
	SKUGlobalStandard   = "GlobalStandard"
	SKUDataZoneStandard = "DataZoneStandard"
)

// DeploymentTypes lists every deployment type in the order they are shown.
func DeploymentTypes() []DeploymentType { return []DeploymentType{Regional, Global, DataZone} }

// ParseDeploymentType reads a deployment type as a user writes it: case does
// not count, and "datazone", "data_zone" and "data zone" mean DataZone. The
// SKU names are understood too.
func ParseDeploymentType(s string) (DeploymentType, error) {
	switch folded := strings.NewReplacer("_", "-", " ", "-").Replace(strings.ToLower(strings.TrimSpace(s))); folded {
	case "regional", "provisionedmanaged":
		return Regional, nil
	case "global", "globalprovisionedmanaged":
		return Global, nil
	case "data-zone", "datazone", "datazoneprovisionedmanaged":
		return DataZone, nil
	}
	return "", fmt.Errorf("unknown deployment type %q: use regional, global or data-zone", s)
}

// SKU names the ARM SKU that t is bought as, "" for an unknown type.
func (t DeploymentType) SKU() string {
	switch t {
	case Regional:
		return SKURegional
	case Global:
		return SKUGlobal
	case DataZone:
		return SKUDataZone
	}
	return ""
}

// Label is the type as people write it: "Regional", "Global", "Data Zone".
func (t DeploymentType) Label() string {
	switch t {
	case Regional:
		return "Regional"
	case Global:
		return "Global"
	case DataZone:
		return "Data Zone"
	}
	return string(t)
}

// StandardSKU names the pay-as-you-go SKU with the same data boundary as t.
func (t DeploymentType) StandardSKU() string {
	switch t {
	case Global:
		return SKUGlobalStandard
	case DataZone:
		return SKUDataZoneStandard
	}
	return SKUStandard
}

// TypeOfSKU tells the deployment type of a provisioned SKU. Case does not
// count; ok is false for every SKU that is not managed provisioned throughput.
func TypeOfSKU(sku string) (t DeploymentType, ok bool) {
	for _, t := range DeploymentTypes() {
		if strings.EqualFold(sku, t.SKU()) {
			return t, true
		}
	}
	return "", false
}

// BoundaryOfSKU tells how far from its region a deployment of any SKU,
// provisioned or standard, may process a call. An unknown SKU stays regional.
func BoundaryOfSKU(sku string) DeploymentType {
	switch folded := strings.ToLower(sku); {
	case strings.HasPrefix(folded, "global"):
		return Global
	case strings.HasPrefix(folded, "datazone"):
		return DataZone
	}
	return Regional
}

// IsStandard tells whether sku is billed by the token.
func IsStandard(sku string) bool {
	return strings.EqualFold(sku, SKUStandard) ||
		strings.EqualFold(sku, SKUGlobalStandard) ||
		strings.EqualFold(sku, SKUDataZoneStandard)
}
