package route

import (
	"strings"

	"github.com/azptu/azptu/internal/ptu"
)

// Area is where a backend may process a call: a region, the data zone around
// it, or anywhere. The zero Area is unknown.
type Area struct {
	Scope  ptu.DeploymentType // Regional, DataZone or Global; "" is unknown
	Region string             // "eastus"; empty for Global
}

// AreaOf tells where a deployment of sku in region may process a call. A
// regional deployment whose region is not known has an unknown area.
func AreaOf(sku, region string) Area {
	a := Area{Scope: ptu.BoundaryOfSKU(sku), Region: fold(region)}
	switch {
	case a.Scope == ptu.Global:
		a.Region = ""
	case a.Region == "":
		return Area{}
	}
	return a
}

// Known tells whether anything is known of a.
func (a Area) Known() bool { return a.Scope != "" }

// Boundary says how far a call may leave the area of the backend it was meant
// for when it goes elsewhere.
type Boundary string

// The boundaries, from the narrowest to none.
const (
	WithinArea Boundary = "region"    // not at all: the region of a regional deployment, the zone of a data zone one
	WithinZone Boundary = "data-zone" // within the data zone of its region
	Anywhere   Boundary = "none"
)

// Permits tells whether a call meant for home may be processed in other
// instead. An unknown area on either side is permitted: who configures
// backends without regions keeps watch himself, and Crosses tells him.
func (b Boundary) Permits(home, other Area) bool {
	if b == Anywhere || !home.Known() || !other.Known() || home.Scope == ptu.Global {
		return true
	}
	if other.Scope == ptu.Global {
		return false
	}
	if home.Scope == ptu.Regional && b == WithinArea {
		return other.Scope == ptu.Regional && other.Region == home.Region
	}
	if other.Region == home.Region {
		return true
	}
	zone := ZoneOf(home.Region)
	return zone != "" && zone == ZoneOf(other.Region)
}

// zones lists the regions of Microsoft's data zones: "us" all of the United
// States, "eu" the member nations of the European Union ("Deployment types",
// Microsoft, 2026).
var zones = map[string][]string{
	"us": {"eastus", "eastus2", "eastus3", "centralus", "northcentralus", "southcentralus", "southeastus", "westcentralus", "westus", "westus2", "westus3"},
	"eu": {"austriaeast", "belgiumcentral", "denmarkeast", "finlandcentral", "francecentral", "francesouth", "germanynorth", "germanywestcentral", "greececentral", "italynorth", "northeurope", "polandcentral", "spaincentral", "swedencentral", "swedensouth", "westeurope"},
}

// ZoneOf names the data zone of a region, "us" or "eu"; "" when it has none.
func ZoneOf(region string) string {
	region = fold(region)
	for zone, regions := range zones {
		for _, r := range regions {
			if r == region {
				return zone
			}
		}
	}
	return ""
}

// fold turns "East US 2" into "eastus2".
func fold(region string) string {
	return strings.ReplaceAll(strings.ToLower(region), " ", "")
}
