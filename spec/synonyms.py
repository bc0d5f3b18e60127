"""Synonyms: what the field's other libraries and papers call what the language has.

Words are written small, without `_` and without a number of axes (`1d`, `2d`, `3d`). What each
stands for is the name of a layer or structure, or a phrase with such names in backticks.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

SLICE = "`slice` or `narrow`"
FLAT = "`reshape` with the shape that is wanted"
MODEL = "`residual` with `layer_norm`, `multihead_attention` and `linear`"
GLOBAL = "`adaptive_%s_pool2d` with `output_size: 1`, or `%s` over the axes"
OWN = "a function of your own, by `spec.register_function`"
CELL = "`%s` over a sequence, of length 1 for one step"

LAYER_WORDS: Mapping[str, str] = MappingProxyType(
    {
        # linear maps
        **dict.fromkeys(
            ("dense", "densegeneral", "einsumdense", "fullyconnected", "fc", "gemm",
             "addmm", "innerproduct", "projection", "timedistributed", "lazylinear"), "linear"),
        "mlp": "`linear` layers with an activation between them",
        "feedforward": "`linear` layers with an activation between them, or `swiglu`",
        "ffn": "`linear` layers with an activation between them, or `swiglu`",
        "geglu": "`swiglu` with `activation: gelu`",
        "reglu": "`swiglu` with `activation: relu`",
        "gatedmlp": "swiglu",
        # convolutions
        "conv": "`conv1d`, `conv2d` or `conv3d`",
        "convolution": "`conv1d`, `conv2d` or `conv3d`",
        "convgeneraldilated": "`conv1d`, `conv2d` or `conv3d`",
        "depthwiseconv": "`conv2d` with as many `groups` as channels",
        "depthwise": "`conv2d` with as many `groups` as channels",
        "separableconv": "`conv2d` with as many `groups` as channels, then one of `kernel_size: 1`",
        "pointwise": "`conv2d` with `kernel_size: 1`",
        "deconv": "`conv_transpose1d`, `conv_transpose2d` or `conv_transpose3d`",
        "deconvolution": "`conv_transpose1d`, `conv_transpose2d` or `conv_transpose3d`",
        "convtranspose": "`conv_transpose1d`, `conv_transpose2d` or `conv_transpose3d`",
        "patchembed": "patches",
        "patchembedding": "patches",
        # pooling and space
        "maxpool": "`max_pool1d`, `max_pool2d` or `max_pool3d`",
        "maxpooling": "`max_pool1d`, `max_pool2d` or `max_pool3d`",
        "avgpool": "`avg_pool1d`, `avg_pool2d` or `avg_pool3d`",
        "averagepool": "`avg_pool1d`, `avg_pool2d` or `avg_pool3d`",
        "averagepooling": "`avg_pool1d`, `avg_pool2d` or `avg_pool3d`",
        **dict.fromkeys(
            ("globalavgpool", "globalaveragepool", "globalaveragepooling", "gap"),
            GLOBAL % ("avg", "mean")),
        **dict.fromkeys(("globalmaxpool", "globalmaxpooling"), GLOBAL % ("max", "amax")),
        "adaptiveavgpool": "`adaptive_avg_pool1d`, `adaptive_avg_pool2d` or `adaptive_avg_pool3d`",
        "adaptivemaxpool": "`adaptive_max_pool1d`, `adaptive_max_pool2d` or `adaptive_max_pool3d`",
        "interpolate": "upsample",
        "resize": "upsample",
        "upsampling": "upsample",
        "upsamplingnearest": "upsample",
        "upsamplingbilinear": "upsample",
        **dict.fromkeys(("zeropad", "zeropadding", "constantpad", "padding"), "pad"),
        **dict.fromkeys(("reflectionpad", "replicationpad", "circularpad"), "`pad` with a `mode`"),
        **dict.fromkeys(
            ("rearrange", "fold"), "`reshape`, `permute`, `reshape`"),
        "depthtospace": "pixel_shuffle",
        "spacetodepth": "pixel_unshuffle",
        **dict.fromkeys(("im2col", "patchify", "extractpatches"), "unfold"),
        # norms
        **dict.fromkeys(
            ("batchnormalization", "bn", "syncbatchnorm", "frozenbatchnorm", "lazybatchnorm"),
            "batch_norm"),
        **dict.fromkeys(("layernormalization", "ln"), "layer_norm"),
        **dict.fromkeys(("groupnormalization", "gn"), "group_norm"),
        **dict.fromkeys(("instancenormalization",), "instance_norm"),
        **dict.fromkeys(("rmsnormalization", "rmslayernorm", "llamarmsnorm", "t5layernorm"),
                        "rms_norm"),
        # activations
        **dict.fromkeys(("swish",), "silu"),
        "hardsilu": "hardswish",
        "hswish": "hardswish",
        "hsigmoid": "hardsigmoid",
        "lrelu": "leaky_relu",
        **dict.fromkeys(("clip", "clipbyvalue"), "clamp"),
        **dict.fromkeys(("pow", "exponent"), "power"),
        **dict.fromkeys(("cos",), "cosine"),
        **dict.fromkeys(("neg", "negative"), "`scale_by` with `factor: -1`"),
        **dict.fromkeys(("log1p", "log2", "log10", "logaddexp"),
                        "`log` with `shift_by` or `scale_by`"),
        **dict.fromkeys(("expm1", "exp2", "sinh", "cosh"), "`exp` with `shift_by` or `scale_by`"),
        **dict.fromkeys(("tan", "atan", "atan2", "asin", "acos", "floor", "ceil", "round", "trunc",
                         "remainder", "fmod", "floordivide"), OWN),
        "absolute": "abs",
        **dict.fromkeys(("scale", "rescaling", "mulconstant"), "scale_by"),
        **dict.fromkeys(("shift", "addconstant"), "shift_by"),
        **dict.fromkeys(("inverse", "recip"), "reciprocal"),
        **dict.fromkeys(("step",), "heaviside"),
        "logistic": "sigmoid",
        **dict.fromkeys(("siren", "sin"), "sine"),
        "activation": "the name of the function itself, such as `relu`",
        "nonlinearity": "the name of the function itself, such as `relu`",
        # attention, tokens, positions
        **dict.fromkeys(
            ("attention", "selfattention", "mha", "multiheadattn", "multiheaddotproductattention",
             "crossattention", "groupqueryattention", "groupedqueryattention",
             "multiqueryattention", "gqa", "mqa"), "multihead_attention"),
        **dict.fromkeys(
            ("transformer", "transformerencoder", "transformerencoderlayer", "transformerlayer",
             "transformerblock", "transformerdecoder", "transformerdecoderlayer"), MODEL),
        **dict.fromkeys(("embed", "embeddings", "lookuptable", "tokenembedding"), "embedding"),
        **dict.fromkeys(("clstoken", "cls"), "class_token"),
        **dict.fromkeys(("posembed", "positionalembedding", "posembedding", "wpe"),
                        "position_embedding"),
        **dict.fromkeys(("positionalencoding", "sinusoidalpositionembedding", "posenc"),
                        "sinusoidal_positions"),
        **dict.fromkeys(("rope", "rotaryembedding"), "`rotary`"),
        # recurrence
        **dict.fromkeys(("lstmcell", "optimizedlstmcell"), CELL % "lstm"),
        "grucell": CELL % "gru",
        **dict.fromkeys(("rnncell", "simplecell"), CELL % "rnn"),
        **dict.fromkeys(("simplernn", "elman"), "rnn"),
        **dict.fromkeys(
            ("ssm", "selectivescan", "selectivescanfn", "mamba", "mambamixer", "statespace", "s4",
             "s4d", "s6", "linearattention", "rwkv", "wkv", "lru", "rglru", "gla", "retention",
             "associativescan", "pscan", "ema"),
            "`linear_recurrence` of factors and terms"),
        **dict.fromkeys(("cumulativesum", "prefixsum"), "cumsum"),
        "bidirectional": "`rnn`, `lstm` or `gru` with `bidirectional: true`",
        # axes
        **dict.fromkeys(("view",), FLAT),
        "expanddims": "unsqueeze",
        **dict.fromkeys(("swapaxes", "movedim", "moveaxis", "swapdims"), "transpose"),
        **dict.fromkeys(("stridedslice", "crop", "cropping", "getitem"), SLICE),
        **dict.fromkeys(("take", "gathernd", "gatherelements", "takealongdim", "takealongaxis"),
                        "`gather`, or `index_select` by `index` or a second input"),
        "unbind": "`select` with each `index`",
        **dict.fromkeys(("topkgating", "topkrouter", "maskedtopk"),
                        "`top_k`, or `top_k_mask` for a choice apart from the values"),
        **dict.fromkeys(("scatter", "scatteradd", "indexadd", "indexcopy"),
                        "`one_hot` of the indices, and `einsum`"),
        **dict.fromkeys(("moe", "mixtureofexperts", "experts", "router", "gating", "sparsemoe",
                         "switch"), "`softmax`, `top_k`, and experts that `einsum` multiplies"),
        **dict.fromkeys(("sort", "argsort", "quantile"), "`kthvalue` for each place in order"),
        **dict.fromkeys(("equal", "isequal"), "eq"),
        **dict.fromkeys(("greater", "morethan"), "gt"),
        "less": "lt",
        **dict.fromkeys(("greaterequal", "greaterorequal"), "ge"),
        **dict.fromkeys(("lessequal", "lessorequal"), "le"),
        "notequal": "ne",
        **dict.fromkeys(("broadcast", "broadcastto", "expandas"), "expand"),
        **dict.fromkeys(("repeatelements",), "repeat_interleave"),
        **dict.fromkeys(("reverse", "fliplr", "flipud"), "flip"),
        **dict.fromkeys(("circularshift",), "roll"),
        **dict.fromkeys(("cat", "concatenate", "hstack"), "concat"),
        **dict.fromkeys(("reducemean", "average", "globalmean"), "mean"),
        **dict.fromkeys(("reducemax", "max"), "amax"),
        "reducesum": "sum",
        **dict.fromkeys(("amin", "min", "reducemin"),
                        "`scale_by` with `factor: -1` before and behind `amax`"),
        **dict.fromkeys(("var", "std", "variance"),
                        "`mean`, `subtract`, `square`, `mean`, and `sqrt` for the deviation"),
        **dict.fromkeys(("norm", "linalgnorm", "l2norm", "l2normalize", "unitnorm"),
                        "`normalize`, or `square`, `sum`, `sqrt` for the length itself"),
        "cumulativesum": "cumsum",
        **dict.fromkeys(("tril", "triu", "eye", "attentionmask"), "band_mask"),
        **dict.fromkeys(("ones", "zeros", "full", "linspace", "fill", "buffer", "registerbuffer",
                         "const"), "`constant`, or `arange` for numbers in a row"),
        **dict.fromkeys(("weight", "variable", "param"), "parameter"),
        "repeatvector": "`unsqueeze`, `expand`",
        # several values
        **dict.fromkeys(("sub", "minus", "difference"), "subtract"),
        **dict.fromkeys(("div", "truedivide"), "divide"),
        **dict.fromkeys(("bmm", "mm", "batchmatmul", "baddbmm", "dot"), "matmul"),
        **dict.fromkeys(("tensordot", "outer", "inner", "bilinearpool"), "einsum"),
        **dict.fromkeys(("lerp", "addcmul", "film", "gate", "gating", "highway"),
                        "`multiply` and `add`, and `affine` for one minus a gate"),
        **dict.fromkeys(("cosinesimilarity", "pairwisedistance", "cdist"),
                        "`normalize` and `matmul`, or `subtract`, `square`, `sum`, `sqrt`"),
        **dict.fromkeys(("gcn", "gcnconv", "gat", "gatconv", "messagepassing", "graphconv"),
                        "`matmul` with an adjacency as an input"),
        **dict.fromkeys(("seblock", "squeezeexcite", "squeezeexcitation"),
                        "`adaptive_avg_pool2d`, `conv2d`, `sigmoid` and `multiply`"),
        **dict.fromkeys(("grn", "globalresponsenorm", "lrn", "localresponsenorm", "crossmaplrn"),
                        "its formula from `square`, `sum`, `power` and `divide`"),
        **dict.fromkeys(("basicblock", "bottleneck", "invertedresidual", "mbconv", "convblock"),
                        "a block of your own under `blocks`"),
        **dict.fromkeys(("sdpa", "flashattn"), "scaled_dot_product_attention"),
        "gridsample": "`grid_encoding` for a learned grid: computed places of a value are not said",
        **dict.fromkeys(("windowpartition", "windowreverse"), "`reshape`, `permute`, `reshape`"),
        **dict.fromkeys(("detach", "stopgradient", "clone", "contiguous", "checkpoint", "print",
                         "to", "float", "typeas"), "identity"),
        **dict.fromkeys(("mul", "hadamard", "elementwiseproduct"), "multiply"),
        **dict.fromkeys(("plus", "sumof"), "add"),
        **dict.fromkeys(("skip", "shortcut", "skipconnection", "resblock"), "residual"),
        **dict.fromkeys(("branch", "branches"), "parallel"),
        **dict.fromkeys(("modulelist", "list", "block"), "sequential"),
        **dict.fromkeys(("loop", "for", "times"), "repeat"),
        # while training, and weights made from tensors
        **dict.fromkeys(("spatialdropout", "alphadropout", "featurealphadropout", "droppath",
                         "stochasticdepth", "gaussiannoise", "gaussiandropout"),
                        "`dropout`; while evaluating it does nothing, so `identity` will do too"),
        **dict.fromkeys(("noop", "lambda", "input", "inputlayer", "masking"), "identity"),
        "spectralnorm": "the layer, such as `linear`, with "
        "`parametrizations: {weight: spectral_norm}`",
        "weightnorm": "the layer, such as `linear`, with `parametrizations: {weight: weight_norm}`",
        "weightstandardization": "the layer, such as `conv2d`, with "
        "`parametrizations: {weight: weight_standardization}`",
        **dict.fromkeys(("stdconv", "wsconv"), "`conv2d` with "
                        "`parametrizations: {weight: weight_standardization}`"),
        **dict.fromkeys(("lora", "loralinear", "loraconv", "loraembedding"), "the layer, such as "
                        "`linear`, with `parametrizations: {weight: {lora: {rank: 4}}}`"),
        **dict.fromkeys(("dora", "doralinear"), "the layer, such as `linear`, with "
                        "`parametrizations: {weight: {dora: {rank: 4}}}`"),
        # fields of places
        **dict.fromkeys(("ngp", "multiresolutionhash", "hashgrid"), "hash_encoding"),
        **dict.fromkeys(("densegrid", "featuregrid"), "grid_encoding"),
        **dict.fromkeys(("randomfourierfeatures", "gaussianfourierprojection"),
                        "fourier_features"),
        **dict.fromkeys(("deepsets", "deepset"), "set_linear"),
    }
)  # fmt: skip
"""What other names stand for, by word."""

FIELD_WORDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        **dict.fromkeys(
            ("units", "features", "outputdim", "outdim", "outsize", "numoutput", "dout", "filters",
             "numfilters", "outputs", "outputsize", "width", "channels", "outputchannels", "out"),
            ("out_features", "out_channels", "embedding_dim", "hidden_size", "embed_dim",
             "output_size", "features")),
        **dict.fromkeys(
            ("inputdim", "indim", "insize", "inputfeatures", "inputchannels", "din"),
            ("in_features", "in_channels", "input_size", "num_embeddings", "embed_dim")),
        **dict.fromkeys(("vocabsize", "vocabulary", "numtokens"), ("num_embeddings",)),
        **dict.fromkeys(
            ("kernel", "kernelshape", "ksize", "poolsize", "windowshape", "window", "filtersize"),
            ("kernel_size", "patch_size")),
        **dict.fromkeys(("strides", "subsample", "windowstrides"), ("stride",)),
        **dict.fromkeys(("pad", "pads", "border"), ("padding",)),
        **dict.fromkeys(("dilationrate", "dilations", "rhsdilation", "kerneldilation"),
                        ("dilation",)),
        **dict.fromkeys(("group", "featuregroupcount", "numgroups", "groups"),
                        ("groups", "num_groups")),
        **dict.fromkeys(("usebias", "biasterm", "hasbias", "center", "qkvbias", "addbias"),
                        ("bias",)),
        **dict.fromkeys(("usescale", "scale", "weight", "affine", "elementwiseaffine"),
                        ("affine", "elementwise_affine")),
        **dict.fromkeys(("epsilon", "layernormepsilon", "rmsnormeps", "varianceepsilon"),
                        ("eps",)),
        **dict.fromkeys(("rate", "droprate", "prob", "probability", "dropout", "dropoutrate"),
                        ("p", "dropout")),
        **dict.fromkeys(("axis", "axes", "featuresaxis", "dims"), ("dim",)),
        "keepdims": ("keepdim",),
        **dict.fromkeys(("heads", "nhead", "nheads", "numattentionheads"),
                        ("num_heads",)),
        **dict.fromkeys(("kvheads", "numkeyvalueheads", "nkvheads", "numquerygroups"),
                        ("num_kv_heads",)),
        **dict.fromkeys(("keydim", "dhead", "headsize", "qkvfeatures"), ("head_dim",)),
        **dict.fromkeys(("dmodel", "hiddendim", "hidden", "modeldim", "dff", "intermediatesize"),
                        ("embed_dim", "hidden_size", "hidden_features")),
        **dict.fromkeys(("iscausal", "usecausalmask"), ("causal",)),
        **dict.fromkeys(("rope", "ropetheta", "theta", "rotarybase"), ("rotary",)),
        **dict.fromkeys(("layers", "nlayers", "depth"), ("num_layers",)),
        **dict.fromkeys(("targetshape", "newshape"), ("shape",)),
        **dict.fromkeys(("slope", "alpha"), ("negative_slope", "alpha")),
        **dict.fromkeys(("omega", "omega0", "w0"), ("frequency",)),
        "loraalpha": ("alpha",),
        **dict.fromkeys(("factor", "scales"), ("scale_factor",)),
        **dict.fromkeys(("method", "interpolation"), ("mode",)),
        **dict.fromkeys(("chunks", "numsplits"), ("sections",)),
        **dict.fromkeys(("splitsize", "splitsizeorsections", "sizesplits"), ("sizes", "sections")),
        **dict.fromkeys(("initializer", "init", "initvalue", "initvalues"),
                        ("init", "init_value", "init_bound")),
        **dict.fromkeys(("id", "label"), ("name",)),
        **dict.fromkeys(("input", "bottom", "from", "source"), ("inputs",)),
        **dict.fromkeys(("if", "condition", "enabled"), ("when",)),
        **dict.fromkeys(("weights", "params", "tensors", "sharedwith"), ("parameters",)),
    }
)  # fmt: skip
"""What other names of fields stand for: the first that a layer has."""
