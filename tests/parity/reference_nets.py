"""The nets of the zoo as PyTorch modules, written from the papers and from torchvision's published
names and without a look at models/: what the Lua files are held against.

build(model, options) makes one; options are those of `-D`, as text. The names of its state_dict are
torchvision's. forward gives the logits and a list of auxiliary logits, of which AUX_WEIGHT tells the
weight in the loss. Dropout keeps its places in torchvision's names, but has p = 0, as the comparison
needs."""

import torch
from torch import nn
from torch.nn import functional as F

AUX_WEIGHT = {"googlenet": 0.3, "inception_v3": 0.4}


class Mlp(nn.Module):
    def __init__(self, features, classes, hidden=128, layers=2):
        super().__init__()
        self.layers = layers
        for i in range(1, layers + 1):
            setattr(self, f"fc{i}", nn.Linear(features if i == 1 else hidden, hidden))
        self.output = nn.Linear(hidden, classes)

    def forward(self, x):
        x = x.flatten(1)
        for i in range(1, self.layers + 1):
            x = getattr(self, f"fc{i}")(x).relu()
        return self.output(x), []


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(self.conv1(x).relu(), 2)
        x = F.max_pool2d(self.conv2(x).relu(), 2).flatten(1)
        return self.fc3(self.fc2(self.fc1(x).relu()).relu()), []


class LeNet5Of1998(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2, self.conv3 = nn.Conv2d(6, 16, 5), nn.Conv2d(16, 120, 5)
        self.fc1, self.fc2 = nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = F.avg_pool2d(self.conv1(x).tanh(), 2)
        x = F.avg_pool2d(self.conv2(x).tanh(), 2)
        x = self.conv3(x).tanh().flatten(1)
        return self.fc2(self.fc1(x).tanh()), []


class AlexNet(nn.Module):
    """paper: that of 2012, on two GPUs, with local response normalisation. small: for images of 32x32,
    a first layer and poolings that keep more of them."""

    def __init__(self, classes, paper, small, hidden):
        super().__init__()
        a, b, d, groups = (96, 256, 384, 2) if paper else (64, 192, 256, 1)

        def pool(normalised):
            norm = [nn.LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2)] if normalised else []
            return nn.Sequential(*norm, nn.MaxPool2d(2 if small else 3, 2))

        first = nn.Conv2d(3, a, 3, padding=1) if small else nn.Conv2d(3, a, 11, stride=4, padding=2)
        self.features = nn.Sequential(
            first, nn.ReLU(), pool(paper),
            nn.Conv2d(a, b, 5, padding=2, groups=groups), nn.ReLU(), pool(paper),
            nn.Conv2d(b, 384, 3, padding=1), nn.ReLU(),
            nn.Conv2d(384, d, 3, padding=1, groups=groups), nn.ReLU(),
            nn.Conv2d(d, 256, 3, padding=1, groups=groups), nn.ReLU(), pool(False))
        self.pooled = 4 if small else 6
        self.classifier = nn.Sequential(
            nn.Dropout(0.0), nn.Linear(256 * self.pooled**2, hidden), nn.ReLU(),
            nn.Dropout(0.0), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, classes))

    def forward(self, x):
        x = F.adaptive_avg_pool2d(self.features(x), self.pooled)
        return self.classifier(x.flatten(1)), []


class Vgg(nn.Module):
    """hidden 0: one linear layer instead of three."""

    PLANS = {11: "64 P 128 P 256 256 P 512 512 P 512 512 P",
             13: "64 64 P 128 128 P 256 256 P 512 512 P 512 512 P",
             16: "64 64 P 128 128 P 256 256 256 P 512 512 512 P 512 512 512 P",
             19: "64 64 P 128 128 P 256 256 256 256 P 512 512 512 512 P 512 512 512 512 P"}

    def __init__(self, depth, batch_norm, size, classes, hidden, width):
        super().__init__()
        parts, channels = [], 3
        for word in self.PLANS[depth].split():
            if word == "P":
                parts.append(nn.MaxPool2d(2))
                continue
            wide = int(int(word) * width)
            parts.append(nn.Conv2d(channels, wide, 3, padding=1))
            parts += [nn.BatchNorm2d(wide), nn.ReLU()] if batch_norm else [nn.ReLU()]
            channels = wide
        self.features = nn.Sequential(*parts)
        self.pooled = 7 if size >= 224 else size // 32
        features = channels * self.pooled**2
        self.classifier = nn.Sequential(nn.Linear(features, classes)) if hidden == 0 else nn.Sequential(
            nn.Linear(features, hidden), nn.ReLU(), nn.Dropout(0.0),
            nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(0.0), nn.Linear(hidden, classes))

    def forward(self, x):
        x = F.adaptive_avg_pool2d(self.features(x), self.pooled)
        return self.classifier(x.flatten(1)), []


class BasicConv(nn.Module):
    """Convolution, batch norm, relu; without norm: a bias instead."""

    def __init__(self, i, o, kernel, norm=True, **given):
        super().__init__()
        self.conv = nn.Conv2d(i, o, kernel, bias=not norm, **given)
        if norm:
            self.bn = nn.BatchNorm2d(o, eps=0.001)

    def forward(self, x):
        x = self.conv(x)
        return F.relu(self.bn(x) if hasattr(self, "bn") else x)


class GoogLeNetBlock(nn.Module):
    def __init__(self, i, c1, c3_before, c3, c5_before, c5, pool, paper):
        super().__init__()
        norm, wide = not paper, 5 if paper else 3
        self.branch1 = BasicConv(i, c1, 1, norm)
        self.branch2 = nn.Sequential(BasicConv(i, c3_before, 1, norm),
                                     BasicConv(c3_before, c3, 3, norm, padding=1))
        self.branch3 = nn.Sequential(BasicConv(i, c5_before, 1, norm),
                                     BasicConv(c5_before, c5, wide, norm, padding=wide // 2))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, padding=1), BasicConv(i, pool, 1, norm))

    def forward(self, x):
        return torch.cat([self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)], 1)


class GoogLeNetAux(nn.Module):
    def __init__(self, i, o, classes, norm):
        super().__init__()
        self.conv = BasicConv(i, o, 1, norm)
        self.fc1, self.fc2 = nn.Linear(16 * o, 1024), nn.Linear(1024, classes)

    def forward(self, x):
        return self.fc2(self.fc1(self.conv(F.adaptive_avg_pool2d(x, 4)).flatten(1)).relu())


class GoogLeNet(nn.Module):
    """small: for images of 32x32, one convolution and pooling in front. width: a factor of all channels."""

    BLOCKS = {"3a": (64, 96, 128, 16, 32, 32), "3b": (128, 128, 192, 32, 96, 64),
              "4a": (192, 96, 208, 16, 48, 64), "4b": (160, 112, 224, 24, 64, 64),
              "4c": (128, 128, 256, 24, 64, 64), "4d": (112, 144, 288, 32, 64, 64),
              "4e": (256, 160, 320, 32, 128, 128), "5a": (256, 160, 320, 32, 128, 128),
              "5b": (384, 192, 384, 48, 128, 128)}
    HEADS = {"4a": "aux1", "4d": "aux2"}

    def __init__(self, size, classes, paper, aux, width):
        super().__init__()
        norm = not paper
        first, channels = int(64 * width), int(192 * width)
        self.paper, self.small = paper, size < 64
        if self.small:
            self.conv3 = BasicConv(3, channels, 3, norm, padding=1)
        else:
            self.conv1 = BasicConv(3, first, 7, norm, stride=2, padding=3)
            self.conv2 = BasicConv(first, first, 1, norm)
            self.conv3 = BasicConv(first, channels, 3, norm, padding=1)
        self.aux1 = self.aux2 = None
        for name, plan in self.BLOCKS.items():
            plan = [int(c * width) for c in plan]
            setattr(self, "inception" + name, GoogLeNetBlock(channels, *plan, paper))
            channels = plan[0] + plan[2] + plan[4] + plan[5]
            if aux and name in self.HEADS:
                head = GoogLeNetAux(channels, int(128 * width), classes, norm)
                setattr(self, self.HEADS[name], head)
        self.fc = nn.Linear(channels, classes)

    def stem(self, x):
        if self.small:
            return F.max_pool2d(self.conv3(x), 3, 2, ceil_mode=True)
        normalise = nn.LocalResponseNorm(5) if self.paper else nn.Identity()
        x = normalise(F.max_pool2d(self.conv1(x), 3, 2, ceil_mode=True))
        return F.max_pool2d(normalise(self.conv3(self.conv2(x))), 3, 2, ceil_mode=True)

    def forward(self, x):
        auxiliary = []
        x = self.stem(x)
        for name in self.BLOCKS:
            x = getattr(self, "inception" + name)(x)
            head = getattr(self, self.HEADS.get(name, ""), None)
            if head is not None and self.training:
                auxiliary.append(head(x))
            if name == "3b":
                x = F.max_pool2d(x, 3, 2, ceil_mode=True)
            if name == "4e":
                x = F.max_pool2d(x, 3 if self.paper else 2, 2, ceil_mode=True)
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1)), auxiliary


class InceptionA(nn.Module):
    def __init__(self, i, pool):
        super().__init__()
        self.branch1x1 = BasicConv(i, 64, 1)
        self.branch5x5_1, self.branch5x5_2 = BasicConv(i, 48, 1), BasicConv(48, 64, 5, padding=2)
        self.branch3x3dbl_1 = BasicConv(i, 64, 1)
        self.branch3x3dbl_2 = BasicConv(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = BasicConv(96, 96, 3, padding=1)
        self.branch_pool = BasicConv(i, pool, 1)

    def forward(self, x):
        five = self.branch5x5_2(self.branch5x5_1(x))
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        pooled = self.branch_pool(F.avg_pool2d(x, 3, 1, 1))
        return torch.cat([self.branch1x1(x), five, double, pooled], 1)


class InceptionB(nn.Module):
    def __init__(self, i):
        super().__init__()
        self.branch3x3 = BasicConv(i, 384, 3, stride=2)
        self.branch3x3dbl_1 = BasicConv(i, 64, 1)
        self.branch3x3dbl_2 = BasicConv(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = BasicConv(96, 96, 3, stride=2)

    def forward(self, x):
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), double, F.max_pool2d(x, 3, 2)], 1)


def row(i, o, length):
    return BasicConv(i, o, (1, length), padding=(0, length // 2))


def column(i, o, length):
    return BasicConv(i, o, (length, 1), padding=(length // 2, 0))


class InceptionC(nn.Module):
    def __init__(self, i, c):
        super().__init__()
        self.branch1x1 = BasicConv(i, 192, 1)
        self.branch7x7_1 = BasicConv(i, c, 1)
        self.branch7x7_2, self.branch7x7_3 = row(c, c, 7), column(c, 192, 7)
        self.branch7x7dbl_1 = BasicConv(i, c, 1)
        self.branch7x7dbl_2, self.branch7x7dbl_3 = column(c, c, 7), row(c, c, 7)
        self.branch7x7dbl_4, self.branch7x7dbl_5 = column(c, c, 7), row(c, 192, 7)
        self.branch_pool = BasicConv(i, 192, 1)

    def forward(self, x):
        seven = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(x)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(x)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        pooled = self.branch_pool(F.avg_pool2d(x, 3, 1, 1))
        return torch.cat([self.branch1x1(x), seven, double, pooled], 1)


class InceptionD(nn.Module):
    def __init__(self, i):
        super().__init__()
        self.branch3x3_1, self.branch3x3_2 = BasicConv(i, 192, 1), BasicConv(192, 320, 3, stride=2)
        self.branch7x7x3_1 = BasicConv(i, 192, 1)
        self.branch7x7x3_2, self.branch7x7x3_3 = row(192, 192, 7), column(192, 192, 7)
        self.branch7x7x3_4 = BasicConv(192, 192, 3, stride=2)

    def forward(self, x):
        three = self.branch3x3_2(self.branch3x3_1(x))
        seven = self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x)))
        return torch.cat([three, self.branch7x7x3_4(seven), F.max_pool2d(x, 3, 2)], 1)


class InceptionE(nn.Module):
    def __init__(self, i):
        super().__init__()
        self.branch1x1 = BasicConv(i, 320, 1)
        self.branch3x3_1 = BasicConv(i, 384, 1)
        self.branch3x3_2a, self.branch3x3_2b = row(384, 384, 3), column(384, 384, 3)
        self.branch3x3dbl_1 = BasicConv(i, 448, 1)
        self.branch3x3dbl_2 = BasicConv(448, 384, 3, padding=1)
        self.branch3x3dbl_3a, self.branch3x3dbl_3b = row(384, 384, 3), column(384, 384, 3)
        self.branch_pool = BasicConv(i, 192, 1)

    def forward(self, x):
        three, double = self.branch3x3_1(x), self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        return torch.cat([
            self.branch1x1(x),
            self.branch3x3_2a(three), self.branch3x3_2b(three),
            self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double),
            self.branch_pool(F.avg_pool2d(x, 3, 1, 1))], 1)


class InceptionAux(nn.Module):
    """kernel: 5 for images of 299, where 5x5 pixels are left."""

    def __init__(self, classes, kernel):
        super().__init__()
        self.conv0, self.conv1 = BasicConv(768, 128, 1), BasicConv(128, 768, kernel)
        self.fc = nn.Linear(768, classes)

    def forward(self, x):
        x = self.conv1(self.conv0(F.avg_pool2d(x, 5, 3)))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))


class InceptionV3(nn.Module):
    def __init__(self, size, classes, aux):
        super().__init__()
        self.Conv2d_1a_3x3 = BasicConv(3, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = BasicConv(32, 32, 3)
        self.Conv2d_2b_3x3 = BasicConv(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1, self.Conv2d_4a_3x3 = BasicConv(64, 80, 1), BasicConv(80, 192, 3)
        self.Mixed_5b, self.Mixed_5c = InceptionA(192, 32), InceptionA(256, 64)
        self.Mixed_5d, self.Mixed_6a = InceptionA(288, 64), InceptionB(288)
        self.Mixed_6b, self.Mixed_6c = InceptionC(768, 128), InceptionC(768, 160)
        self.Mixed_6d, self.Mixed_6e = InceptionC(768, 160), InceptionC(768, 192)
        self.AuxLogits = InceptionAux(classes, 5 if size == 299 else 1) if aux else None
        self.Mixed_7a, self.Mixed_7b = InceptionD(768), InceptionE(1280)
        self.Mixed_7c = InceptionE(2048)
        self.fc = nn.Linear(2048, classes)

    def forward(self, x):
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(F.max_pool2d(x, 3, 2)))
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(F.max_pool2d(x, 3, 2))))
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))))
        auxiliary = [self.AuxLogits(x)] if self.AuxLogits is not None and self.training else []
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1)), auxiliary


def subsampled(x, channels, stride):
    """Shortcut A: every second pixel, zeros for new channels."""
    return F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, 0, channels - x.shape[1]))


class Block(nn.Module):
    """basic: two 3x3; else 1x1, 3x3, 1x1 to four times as many channels."""

    def __init__(self, i, channels, stride, basic, shortcut, paper, residual):
        super().__init__()
        self.out = channels if basic else 4 * channels
        self.stride, self.residual, self.count = stride, residual, 2 if basic else 3
        plan = [(i, channels, 3, stride), (channels, channels, 3, 1)]
        if not basic:
            first, second = (stride, 1) if paper else (1, stride)
            plan = [(i, channels, 1, first), (channels, channels, 3, second),
                    (channels, self.out, 1, 1)]
        for k, (a, b, kernel, s) in enumerate(plan, 1):
            setattr(self, f"conv{k}", nn.Conv2d(a, b, kernel, s, kernel // 2, bias=False))
            setattr(self, f"bn{k}", nn.BatchNorm2d(b))
        self.changes = stride != 1 or i != self.out
        if self.changes and shortcut == "B" and residual:
            self.downsample = nn.Sequential(nn.Conv2d(i, self.out, 1, stride, bias=False),
                                            nn.BatchNorm2d(self.out))

    def identity(self, x):
        if hasattr(self, "downsample"):
            return self.downsample(x)
        return subsampled(x, self.out, self.stride) if self.changes else x

    def forward(self, x):
        y = x
        for k in range(1, self.count + 1):
            y = getattr(self, f"bn{k}")(getattr(self, f"conv{k}")(y))
            y = y.relu() if k < self.count else y
        return (y + self.identity(x) if self.residual else y).relu()


class Vgg8(nn.Module):
    """Seven convolutions; pools stand behind those that widen."""

    def __init__(self, size, classes, width):
        super().__init__()
        layers, channels = [], 3
        for wide, pooled in [(32, False)] + [(c, first) for c in (64, 320, 320)
                                             for first in (True, False)]:
            wide = int(wide * width)
            layers += [nn.Conv2d(channels, wide, 3, padding=1, bias=False)]
            layers += [nn.MaxPool2d(2)] if pooled else []
            layers += [nn.BatchNorm2d(wide), nn.ReLU()]
            channels = wide
        self.features = nn.Sequential(*layers, nn.MaxPool2d(4))
        self.classifier = nn.Linear(channels * (size // 32) ** 2, classes)

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1)), []


class ResNet(nn.Module):
    """Depths of table 1 of the paper; 6 n + 2 layers for images of 32x32, of section 4.2."""

    PLANS = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3),
             152: (3, 8, 36, 3)}

    def __init__(self, depth, classes, shortcut, paper, residual):
        super().__init__()
        self.small, basic = depth not in self.PLANS, depth < 50 or depth not in self.PLANS
        plan = ((depth - 2) // 6,) * 3 if self.small else self.PLANS[depth]
        channels, wide = (16, 16) if self.small else (64, 64)
        stem = (3, 1, 1) if self.small else (7, 2, 3)
        self.conv1, self.bn1 = nn.Conv2d(3, wide, *stem, bias=False), nn.BatchNorm2d(wide)
        self.layers = len(plan)
        for number, count in enumerate(plan, 1):
            blocks = []
            for i in range(count):
                stride = 2 if number > 1 and i == 0 else 1
                blocks.append(Block(wide, channels, stride, basic, shortcut, paper, residual))
                wide = blocks[-1].out
            setattr(self, f"layer{number}", nn.Sequential(*blocks))
            channels *= 2
        self.fc = nn.Linear(wide, classes)

    def forward(self, x):
        x = self.bn1(self.conv1(x)).relu()
        if not self.small:
            x = F.max_pool2d(x, 3, 2, 1)
        for number in range(1, self.layers + 1):
            x = getattr(self, f"layer{number}")(x)
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1)), []


CIFAR = {"size": "32", "classes": "10"}
PRESETS = {"alexnet_cifar": ("alexnet", {**CIFAR, "hidden": "1024"}),
           "vgg13_cifar": ("vgg13_bn", {**CIFAR, "hidden": "0", "width": "0.5"}),
           "googlenet_cifar": ("googlenet", {**CIFAR, "width": "0.5"})}


def build(model, options):
    """The module for a model of the zoo, or None if it is not one."""
    model, preset = PRESETS.get(model, (model, {}))
    options = {**preset, **options}

    def option(name, default):
        text = options.get(name)
        if text is None:
            return default
        return text == "true" if isinstance(default, bool) else type(default)(text)

    paper = option("paper", False)
    size, classes = option("size", 224), option("classes", 1000)
    if model == "mlp":
        return Mlp(28 * 28, 10, option("hidden", 128), option("layers", 2))
    if model == "lenet5":
        return LeNet5()
    if model == "lenet5-1998":
        return LeNet5Of1998()
    if model == "alexnet":
        return AlexNet(classes, paper, size < 64, option("hidden", 4096))
    if model == "googlenet":
        return GoogLeNet(size, classes, paper, option("aux", paper), option("width", 1.0))
    if model == "inception_v3":
        return InceptionV3(option("size", 299), classes, option("aux", True))
    if model == "vgg8_cifar":
        return Vgg8(option("size", 32), option("classes", 10), option("width", 1.0))
    if model.startswith("vgg"):
        depth, _, norm = model[3:].partition("_")
        return Vgg(int(depth), norm == "bn", size, classes, option("hidden", 4096),
                   option("width", 1.0))
    if model.startswith("resnet"):
        depth = int(model[6:])
        small = depth not in ResNet.PLANS
        return ResNet(depth, option("classes", 10 if small else 1000),
                      option("shortcut", "A" if small else "B"), paper, option("residual", True))
    return None
