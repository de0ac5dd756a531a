"""A Llama small enough for two processor cores, which can copy before it has learnt anything.

To play in a family that it was not trained on, a model must say again what it was told. Models learn that late: first one
attention head must look one token back, then another must make use of it (an induction head), and neither is of any use
without the other. A large model has the time. This one begins with both: a head of the first layer looks one token back, and a
head of the second finds what came next when the token at hand was said before. All weights are trained as any others.
"""

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

SPECIAL = ["<|pad|>", "<|system|>", "<|user|>", "<|assistant|>", "<|end|>"]
TEMPLATE = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
LAYERS = 4
HEAD = 64
"""The width of a head."""
THETA = 1e8
"""The base of the rotary positions: with it more than half of a head's pairs hardly turn within a conversation, and so
compare what tokens are, however far apart they stand."""

_NEAR = 4
"""The pairs that turn fastest and tell a token from its neighbours."""
_SLOW = 1.1e-3
"""In radians for a token: pairs that turn no faster compare contents."""
_BACK, _LOOK, _PASS, _SAY, _SURE = 8.0, 8.0, 0.18, 2.0, 2.0
"""How strongly the one head looks back, the other looks up, what the first passes on, what the second says, and how sure the
model is of it: chosen so that random tokens said twice are told in advance four times in five."""


def make_tokenizer(texts: list[str], size: int) -> PreTrainedTokenizerFast:
    """A byte-pair tokenizer of some texts, with a chat template."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=SPECIAL,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token=SPECIAL[0], eos_token=SPECIAL[-1])
    fast.chat_template = TEMPLATE
    return fast


def make_model(
    tokenizer: PreTrainedTokenizerFast, width: int, longest: int, seed: int = 0
) -> LlamaForCausalLM:
    """A model that has learnt nothing, and copies.

    Args:
        tokenizer: Its tokenizer.
        width: Its width, a multiple of `HEAD`.
        longest: The longest text in tokens.
        seed: Draws the weights.
    """
    torch.manual_seed(seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=width,
            intermediate_size=3 * width,
            num_hidden_layers=LAYERS,
            num_attention_heads=width // HEAD,
            head_dim=HEAD,
            attention_bias=True,
            max_position_embeddings=longest,
            rope_parameters={"rope_type": "default", "rope_theta": THETA},
            tie_word_embeddings=True,
            # The usual 0.02 is made for wide models; in one so narrow attention would stay even for long.
            initializer_range=width**-0.5,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    _let_it_copy(model, width)
    return model


@torch.no_grad()
def _let_it_copy(model: LlamaForCausalLM, width: int) -> None:
    """Set the two heads; what else the layers add begins at nothing, so as not to disturb them."""
    half = HEAD // 2
    turns = THETA ** (-torch.arange(half) / half)
    slow = torch.nonzero(turns <= _SLOW).flatten()
    content = torch.cat([slow, slow + half])
    now, before = _directions(len(content), width), _directions(len(content), width)
    for layer in model.model.layers:
        layer.self_attn.o_proj.weight.zero_()
        layer.mlp.down_proj.weight.zero_()
    first, second = (layer.self_attn for layer in model.model.layers[:2])
    for part in (first.q_proj, first.k_proj, first.v_proj, second.q_proj, second.k_proj):
        part.weight[:HEAD] = 0
    # Whatever the tokens are: a query turned back by one token's angle agrees best with the key one token before.
    near = torch.arange(_NEAR)
    first.q_proj.bias[near] = _BACK * torch.cos(turns[near])
    first.q_proj.bias[near + half] = -_BACK * torch.sin(turns[near])
    first.k_proj.bias[near] = _BACK
    # What it finds there is kept apart, and that is what the second head compares with the token at hand.
    first.v_proj.weight[content] = now
    first.o_proj.weight[:, content] = _PASS * before.T
    second.q_proj.weight[content] = _LOOK**0.5 * now
    second.k_proj.weight[content] = _LOOK**0.5 * before
    said = _directions(HEAD, width)
    second.v_proj.weight[:HEAD] = said
    second.o_proj.weight[:, :HEAD] = _SAY * said.T
    model.model.norm.weight.fill_(_SURE)


def _directions(number: int, width: int) -> torch.Tensor:
    """Random directions at right angles to one another."""
    return torch.linalg.qr(torch.randn(width, number))[0].T
