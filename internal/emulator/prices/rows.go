package prices

import (
	"crypto/sha1"
	"fmt"
	"slices"
	"strings"

	"github.com/azptu/azptu/internal/catalog"
	"github.com/azptu/azptu/internal/ptu"
)

const (
	serviceName   = "Foundry Models"
	serviceFamily = "AI + Machine Learning"
	reservation   = "Azure AI Foundry Provisioned Throughput Reservation"
	since         = "2025-01-01T00:00:00Z" // ours: when prices took effect is not known
	emulated      = "EMULATED"             // in place of ids that are not known
)

// Known meter ids of the hourly units (public documents quoting the API).
var knownMeters = map[string]string{
	"Azure OpenAI/Provisioned Managed Global Unit":   "defbc4b5-293c-5481-89dc-9017183ec9ef",
	"Azure OpenAI/Provisioned Managed Regional Unit": "3ceeea22-b83d-5688-bc68-6da11cee9003",
}

// locations is how the API names regions; it is neither their name nor their
// display name.
var locations = map[string]string{
	"eastus": "US East", "eastus2": "US East 2", "westus": "US West", "westus2": "US West 2", "westus3": "US West 3",
	"centralus": "US Central", "northcentralus": "US North Central", "southcentralus": "US South Central",
	"westeurope": "EU West", "northeurope": "EU North", "swedencentral": "SE Central", "uksouth": "UK South",
	"francecentral": "FR Central", "germanywestcentral": "DE West Central", "switzerlandnorth": "CH North", "norwayeast": "NO East",
	"japaneast": "JA East", "koreacentral": "KR Central", "australiaeast": "AU East", "southeastasia": "AP Southeast", "southindia": "IN South",
	"canadaeast": "CA East", "brazilsouth": "BR South", "uaenorth": "AE North", "southafricanorth": "ZA North",
}

// unitNames is how each deployment type is called in the names of units.
var unitNames = map[ptu.DeploymentType]string{ptu.Global: "Global", ptu.DataZone: "Data Zone", ptu.Regional: "Regional"}

// unitProducts are the products that sell provisioned units. That units of
// other publishers' models cost as much as OpenAI's is ours; they are sold
// where the catalog says.
var unitProducts = []struct{ product, format string }{
	{"Azure OpenAI", "OpenAI"}, {"Azure Deepseek Models", "DeepSeek"}, {"Azure Llama Models", "Meta"}, {"Azure Mistral Models", "Mistral AI"},
}

// makeRows lists every meter of every region.
func makeRows(c *catalog.Catalog, regions []Region) []Row {
	var rows []Row
	for _, region := range regions {
		at := Row{
			CurrencyCode: "USD", Region: region.Name, Location: locations[region.Name], Since: since, ProductID: emulated,
			ServiceName: serviceName, ServiceID: emulated, ServiceFamily: serviceFamily, Primary: true,
		}
		if at.Location == "" {
			at.Location = region.Display
		}
		rows = append(rows, units(c, at, region)...)
		rows = append(rows, reservations(c, at, region)...)
		rows = append(rows, tokens(c, at, region)...)
	}
	for i := range rows {
		r := &rows[i]
		r.UnitPrice = r.RetailPrice
		r.MeterID = meterID(r)
		r.SKUID = fmt.Sprintf("%s/%04X", emulated, i+1)
	}
	return rows
}

// units are the hourly prices of provisioned units.
func units(c *catalog.Catalog, at Row, region Region) []Row {
	var rows []Row
	for _, p := range unitProducts {
		for _, t := range sold(c, p.format, region) {
			price, ok := c.Units.Hourly[t]
			if !ok {
				continue
			}
			r := at
			r.ProductName, r.SKUName = p.product, "Provisioned Managed "+unitNames[t]
			r.MeterName, r.Unit, r.Type, r.RetailPrice = r.SKUName+" Unit", "1/Hour", "Consumption", price
			rows = append(rows, r)
		}
	}
	return rows
}

// sold lists the deployment types that a publisher's models have in a region.
func sold(c *catalog.Catalog, format string, region Region) []ptu.DeploymentType {
	var types []ptu.DeploymentType
	for _, t := range ptu.DeploymentTypes() {
		if t == ptu.DataZone && region.Zone == "" {
			continue
		}
		for _, m := range c.Models() {
			if strings.EqualFold(m.Format, format) && slices.Contains(m.Types(), t) {
				types = append(types, t)
				break
			}
		}
	}
	return types
}

// reservations are prices of a unit for a whole term, although their unit says
// an hour. Terms whose price is not known have no row.
func reservations(c *catalog.Catalog, at Row, region Region) []Row {
	var rows []Row
	for _, t := range sold(c, "OpenAI", region) {
		for _, term := range []struct {
			term catalog.Term
			name string
		}{{catalog.OneMonth, "1 Month"}, {catalog.OneYear, "1 Year"}} {
			price, ok := c.Units.Reservations[t][term.term]
			if !ok {
				continue
			}
			r := at
			r.ProductName, r.SKUName = reservation, "Provisioned Managed "+unitNames[t]
			r.MeterName, r.Unit, r.Type, r.Term, r.RetailPrice = r.SKUName+" Unit", "1/Hour", "Reservation", term.name, price
			rows = append(rows, r)
		}
	}
	return rows
}

// meterID is the published id of a meter, or one made from its name, the same
// in every run. A reservation carries the id of the meter that it pays for.
func meterID(r *Row) string {
	product := r.ProductName
	if product == reservation {
		product = "Azure OpenAI"
	}
	if id, ok := knownMeters[product+"/"+r.MeterName]; ok {
		return id
	}
	h := sha1.Sum([]byte("azptu/" + product + "/" + r.MeterName))
	h[6], h[8] = h[6]&0x0f|0x50, h[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}
