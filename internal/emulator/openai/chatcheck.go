package openai

// check judges what was read, as far as that needs no model.
func (q *chatRequest) check() *problem {
	switch {
	case q.messages == nil:
		return invalid("missing_required_parameter", "messages", "Missing required parameter: 'messages'.")
	case q.count == 0:
		return invalid("empty_array", "messages", "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.")
	case q.choices < 1:
		return invalid("integer_below_min_value", "n", "Invalid 'n': integer below minimum value. Expected a value >= 1, but got %d instead.", q.choices)
	case q.choices > 128:
		return invalid("integer_above_max_value", "n", "Invalid 'n': integer above maximum value. Expected a value <= 128, but got %d instead.", q.choices)
	case q.topLogprobs < 0 || q.topLogprobs > 20:
		return invalid("integer_above_max_value", "top_logprobs", "Invalid 'top_logprobs': expected a value from 0 to 20, but got %d instead.", q.topLogprobs)
	case q.topLogprobs > 0 && !q.logprobs:
		return invalid("", "", "'top_logprobs' is only allowed when 'logprobs' is true.")
	}
	if p := within("temperature", q.temperature, 2); p != nil {
		return p
	}
	if p := within("top_p", q.topP, 1); p != nil {
		return p
	}
	return q.checkTools()
}

func within(name string, value *float64, most float64) *problem {
	switch {
	case value == nil:
	case *value < 0:
		return invalid("decimal_below_min_value", name, "Invalid '%s': decimal below minimum value. Expected a value >= 0, but got %v instead.", name, *value)
	case *value > most:
		return invalid("decimal_above_max_value", name, "Invalid '%s': decimal above maximum value. Expected a value <= %v, but got %v instead.", name, most, *value)
	}
	return nil
}

// fits judges the request against the model that it goes to.
func (q *chatRequest) fits(f *facts) *problem {
	switch {
	case f.reasoning && q.maxField == "max_tokens":
		return invalid("unsupported_parameter", "max_tokens", "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.")
	case f.reasoning && q.temperature != nil && *q.temperature != 1:
		return invalid("unsupported_value", "temperature", "Unsupported value: 'temperature' does not support %v with this model. Only the default (1) value is supported.", *q.temperature)
	case !f.reasoning && q.effort != "":
		return invalid("unsupported_parameter", "reasoning_effort", "Unrecognized request argument supplied: reasoning_effort")
	case q.maxTokens > f.output:
		return invalid("invalid_value", q.maxField, "max_tokens is too large: %d. This model supports at most %d completion tokens, whereas you provided %d.", q.maxTokens, f.output, q.maxTokens)
	case len(q.images) > 0 && !f.vision:
		return invalid("", "messages", "Invalid content type. image_url is only supported by certain models.")
	}
	return nil
}
