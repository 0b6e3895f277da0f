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

// The fields that a filter may name; case counts. currencyCode is the list's own
// currency, whatever the answer is converted to: a trap of Azure's API.
var (
	texts = map[string]func(*Row) string{
		"armRegionName":      func(r *Row) string { return r.Region },
		"armSkuName":         func(r *Row) string { return r.ArmSKUName },
		"currencyCode":       func(*Row) string { return "USD" },
		"effectiveStartDate": func(r *Row) string { return r.Since },
		"location":           func(r *Row) string { return r.Location },
		"meterId":            func(r *Row) string { return r.MeterID },
		"meterName":          func(r *Row) string { return r.MeterName },
		"priceType":          func(r *Row) string { return r.Type },
		"productId":          func(r *Row) string { return r.ProductID },
		"productName":        func(r *Row) string { return r.ProductName },
		"reservationTerm":    func(r *Row) string { return r.Term },
		"serviceFamily":      func(r *Row) string { return r.ServiceFamily },
		"serviceId":          func(r *Row) string { return r.ServiceID },
		"serviceName":        func(r *Row) string { return r.ServiceName },
		"skuId":              func(r *Row) string { return r.SKUID },
		"skuName":            func(r *Row) string { return r.SKUName },
		"unitOfMeasure":      func(r *Row) string { return r.Unit },
	}
	numbers = map[string]func(*Row) float64{
		"retailPrice":      func(r *Row) float64 { return r.RetailPrice },
		"tierMinimumUnits": func(r *Row) float64 { return r.TierMinimum },
		"unitPrice":        func(r *Row) float64 { return r.UnitPrice },
	}
	truths = map[string]func(*Row) bool{
		"isPrimaryMeterRegion": func(r *Row) bool { return r.Primary },
	}
)
