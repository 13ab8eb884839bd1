package leadline

import (
	"errors"
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/timestamppb"

	leadlinev1 "leadline.dev/sdk/go/gen/leadline/v1"
)

const (
	// LongestCategory and LongestText are the most characters that a value of its kind has.
	LongestCategory = 256
	LongestText     = 16_384
)

// Text is a string that is meant as a text, however short it is.
type Text string

// ToFieldValue gives a Go value as the value of a custom field or of an event's property: a bool becomes a boolean, a
// number a number, a [time.Time] a date, a string of up to 256 characters a category, and a longer one, or a [Text], a
// text. A FieldValue is given back as it is. It fails if the number is not finite, the text is empty or too long, or the
// type has no counterpart.
func ToFieldValue(value any) (*leadlinev1.FieldValue, error) {
	switch value := value.(type) {
	case *leadlinev1.FieldValue:
		return value, nil
	case bool:
		return &leadlinev1.FieldValue{Kind: &leadlinev1.FieldValue_Boolean{Boolean: value}}, nil
	case time.Time:
		return &leadlinev1.FieldValue{Kind: &leadlinev1.FieldValue_Date{Date: timestamppb.New(value)}}, nil
	case Text:
		return textValue(string(value))
	case string:
		if value != "" && utf8.RuneCountInString(value) <= LongestCategory {
			return &leadlinev1.FieldValue{Kind: &leadlinev1.FieldValue_Category{Category: value}}, nil
		}
		return textValue(value)
	default:
		return numberValue(value)
	}
}

func textValue(value string) (*leadlinev1.FieldValue, error) {
	if value == "" {
		return nil, errors.New("leadline: an empty text is no answer: leave the field out")
	}
	if length := utf8.RuneCountInString(value); length > LongestText {
		return nil, fmt.Errorf("leadline: %d characters are too many: a text has at most %d", length, LongestText)
	}
	return &leadlinev1.FieldValue{Kind: &leadlinev1.FieldValue_Text{Text: value}}, nil
}

func numberValue(value any) (*leadlinev1.FieldValue, error) {
	var number float64
	switch value := value.(type) {
	case int:
		number = float64(value)
	case int32:
		number = float64(value)
	case int64:
		number = float64(value)
	case uint:
		number = float64(value)
	case uint32:
		number = float64(value)
	case uint64:
		number = float64(value)
	case float32:
		number = float64(value)
	case float64:
		number = value
	default:
		return nil, fmt.Errorf("leadline: a field can't hold a %T; give a number, string, bool or time.Time", value)
	}
	if math.IsNaN(number) || math.IsInf(number, 0) {
		return nil, fmt.Errorf("leadline: %v is not a finite number", number)
	}
	return &leadlinev1.FieldValue{Kind: &leadlinev1.FieldValue_Number{Number: number}}, nil
}

// ToFields gives a map of Go values as custom fields; a nil is left out: a field without an answer is absent. Its error
// names the field.
func ToFields(values map[string]any) (map[string]*leadlinev1.FieldValue, error) {
	fields := make(map[string]*leadlinev1.FieldValue, len(values))
	for name, value := range values {
		if value == nil {
			continue
		}
		field, err := ToFieldValue(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		fields[name] = field
	}
	return fields, nil
}

// FromFieldValue gives the value of a field as a bool, float64, string, [Text] or [time.Time] in UTC: the reverse of
// [ToFieldValue]; nil if it holds nothing that this version knows.
func FromFieldValue(value *leadlinev1.FieldValue) any {
	switch kind := value.GetKind().(type) {
	case *leadlinev1.FieldValue_Number:
		return kind.Number
	case *leadlinev1.FieldValue_Category:
		return kind.Category
	case *leadlinev1.FieldValue_Boolean:
		return kind.Boolean
	case *leadlinev1.FieldValue_Date:
		return kind.Date.AsTime()
	case *leadlinev1.FieldValue_Text:
		return Text(kind.Text)
	default:
		return nil
	}
}
