"""Names: streets, estates, villages and units, drawn from lists in a seeded order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

import numpy as np

__all__ = ["estate_names", "street_pool", "unit_names", "village_names"]


def _words(*lines: str) -> tuple[str, ...]:
    return tuple(word for line in lines for word in line.split())


_HEADS = _words(
    "翰林 锦绣 金桂 阳光 翠湖 御景 盛世 凤凰 龙泽 兰亭 书香 紫薇 和谐 银座 东方 碧水 丽景 嘉和",
    "天和 福泰 瑞祥 鑫源 泰和 文峰 学府 明珠 水岸 玉兰 海棠 桃源 春晖 祥云 宏图 万和 荣盛 康乐",
    "幸福 安居 百合 枫林 竹园 梧桐 静雅 怡景 富丽 锦江 华庭 中兴",
)
_TAILS = ("花园", "家园", "小区", "苑", "名邸", "华庭", "佳苑", "新城", "雅居", "公馆")
_ROADS = _words(
    "朝阳 光明 长安 胜利 和平 新华 人民 团结 富强 振兴 复兴 民生 康宁 昌盛 泰山 沂蒙 蒙山 泉源",
    "银杏 牡丹 玉泉 青年 友谊 劳动 工业 创业 科技 教育 文昌 状元 孔庙 钟楼 鼓楼 北门 南门 盐店",
    "米市 布市 花市 柳荫 槐荫 榆林 桑园 菊花 荷花 莲池 石桥 木桥 水井 塔山 凤凰 麒麟 龙门 仁和",
    "义和 礼和 智和 信和 德馨 春华 秋实 夏荷 冬青 晨光 晚霞 星光 月亮 彩虹 祥和 平安 吉庆 如意",
    "永安 永乐 永兴 永顺 长顺 长春 长乐 福寿 福禄 福康 金谷 银河 玉龙 翠屏 锦屏 云峰 云台 清泉",
    "清风 明月 芙蓉 丹桂 红梅 青松 翠竹 白杨 紫荆 海棠 香樟 合欢",
)
_VILLAGES = _words(
    "前岭 后岭 李家庄 王家庄 张家洼 东关 西关 北关 河湾 石桥 柳行 杨楼 赵庄 孙家楼 大官庄 小官庄 泉上 泉下",
    "塘子 沙沟 新庄 老屯 马厂 官路口 花园口 磨坊 窑上 陈家坡 刘家堰 周家圩 吴桥 郑庄 桃园 梨行 杏花 枣林",
    "南坊 北坊 双河 三里庄 五里堡 七里沟",
)
_UNITS = (
    ("县第{n}中学", "school"),
    ("第{n}实验小学", "school"),
    ("第{n}幼儿园", "kindergarten"),
    ("中医院{n}分院", "hospital"),
    ("农商银行第{n}支行", "bank"),
    ("供电所第{n}营业厅", "utility"),
    ("税务所第{n}分局", "government"),
    ("第{n}派出所", "police"),
    ("邮政第{n}支局", "post"),
    ("第{n}农贸市场", "market"),
    ("自来水公司第{n}站", "utility"),
    ("交警第{n}中队", "police"),
)


def _endless(stems: Sequence[str], tail: str) -> Iterator[str]:
    for turn in count(1):
        for stem in stems:
            yield f"{stem}{'' if turn == 1 else _NUMERALS[turn % 10]}{tail}"


_NUMERALS = ("零", *"一二三四五六七八九十", "十一", "十二")


def street_pool(rng: np.random.Generator) -> dict[str, Iterator[str]]:
    """Names by class of street, without end.

    Parameters
    ----------
    rng
        Order of the names.

    Returns
    -------
    dict of str to iterator of str
        By ``"secondary"``, ``"tertiary"`` and ``"residential"``.
    """
    stems = [_ROADS[i] for i in rng.permutation(len(_ROADS))]
    return {
        "secondary": _endless(stems[:20], "路"),
        "tertiary": _endless(stems[20:60], "街"),
        "residential": _endless(stems[30:] + stems[:30], "巷"),
    }


def estate_names(rng: np.random.Generator, number: int) -> list[str]:
    """Different names of estates.

    Parameters
    ----------
    rng
        Order of the names.
    number
        How many are wanted.

    Returns
    -------
    list of str
        As many as wanted, fewer where the list runs out.
    """
    pairs = [(head, tail) for tail in _TAILS for head in _HEADS]
    return ["".join(pairs[i]) for i in rng.permutation(len(pairs))[:number]]


def village_names(rng: np.random.Generator) -> list[str]:
    """Names of villages.

    Parameters
    ----------
    rng
        Order of the names.

    Returns
    -------
    list of str
        All of the list.
    """
    return [_VILLAGES[i] for i in rng.permutation(len(_VILLAGES))]


def unit_names(number: int) -> list[tuple[str, str]]:
    """Name and kind of organs, schools and firms.

    Parameters
    ----------
    number
        How many are wanted.

    Returns
    -------
    list of tuple of str
        Name and kind of each.
    """
    return [
        (_UNITS[i % len(_UNITS)][0].format(n=_NUMERALS[i // len(_UNITS) + 1]), _UNITS[i % len(_UNITS)][1])
        for i in range(number)
    ]
