"""From conversations to tokens and labels, for any Hugging Face tokenizer with a chat template."""
