package prices

import (
	"math"
)

// Row is one meter in one region, with the field names of the API.
type Row struct {
	CurrencyCode  string  `json:"currencyCode"`
	TierMinimum   float64 `json:"tierMinimumUnits"`
	RetailPrice   float64 `json:"retailPrice"`
	UnitPrice     float64 `json:"unitPrice"`
	Region        string  `json:"armRegionName"`
	Location      string  `json:"location"`
	Since         string  `json:"effectiveStartDate"`
	MeterID       string  `json:"meterId"`
	MeterName     string  `json:"meterName"`
	ProductID     string  `json:"productId"`
	SKUID         string  `json:"skuId"`
	ProductName   string  `json:"productName"`
	SKUName       string  `json:"skuName"`
	ServiceName   string  `json:"serviceName"`
	ServiceID     string  `json:"serviceId"`
	ServiceFamily string  `json:"serviceFamily"`
	Unit          string  `json:"unitOfMeasure"`
	Type          string  `json:"type"`
	Primary       bool    `json:"isPrimaryMeterRegion"`
	ArmSKUName    string  `json:"armSkuName"`
	Term          string  `json:"reservationTerm,omitempty"`
}

// rates turn US dollars into other currencies. They are ours, fixed, and no
// statement about any day.
var rates = map[string]float64{
	"USD": 1, "EUR": 0.86, "GBP": 0.76, "BRL": 5.4, "MXN": 18.5, "CAD": 1.41, "AUD": 1.54, "JPY": 155, "INR": 89,
	"CHF": 0.81, "SEK": 9.5, "NOK": 10.2, "DKK": 6.4, "NZD": 1.78, "KRW": 1470, "TWD": 31.3, "RUB": 79,
}

// in is the row in another currency.
func (r Row) in(currency string, rate float64) Row {
	r.CurrencyCode = currency
	r.RetailPrice = exact(r.RetailPrice * rate)
	r.UnitPrice = exact(r.UnitPrice * rate)
	return r
}

// exact rounds what binary fractions add: prices have up to nine decimals.
func exact(v float64) float64 { return math.Round(v*1e9) / 1e9 }

// field finds a value by the name that filters use; case counts. number and
// truth tell of fields that are no text.
func (r *Row) field(name string) (text string, number *float64, truth *bool, ok bool) {
	switch name {
	case "armRegionName":
		text = r.Region
	case "armSkuName":
		text = r.ArmSKUName
	case "currencyCode":
		text = "USD" // whatever the answer is converted to: the trap of Azure's API
	case "effectiveStartDate":
		text = r.Since
	case "isPrimaryMeterRegion":
		truth = &r.Primary
	case "location":
		text = r.Location
	case "meterId":
		text = r.MeterID
	case "meterName":
		text = r.MeterName
	case "priceType":
		text = r.Type
	case "productId":
		text = r.ProductID
	case "productName":
		text = r.ProductName
	case "reservationTerm":
		text = r.Term
	case "retailPrice":
		number = &r.RetailPrice
	case "serviceFamily":
		text = r.ServiceFamily
	case "serviceId":
		text = r.ServiceID
	case "serviceName":
		text = r.ServiceName
	case "skuId":
		text = r.SKUID
	case "skuName":
		text = r.SKUName
	case "tierMinimumUnits":
		number = &r.TierMinimum
	case "unitOfMeasure":
		text = r.Unit
	case "unitPrice":
		number = &r.UnitPrice
	default:
		return "", nil, nil, false
	}
	return text, number, truth, true
}
