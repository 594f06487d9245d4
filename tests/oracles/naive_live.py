"""A follow graph that changes, slow and obvious: a list of accounts and a set of pairs; every measure from scratch."""

from __future__ import annotations

from fractions import Fraction

from tests.oracles import naive_centrality


class NaiveLive:
    """Accounts in the order in which they came; arcs as pairs of accounts."""

    def __init__(self, accounts, arcs, directed=True):
        self.accounts, self.directed = list(accounts), directed
        self.arcs = set()
        for u, v in arcs:
            self.arcs |= self._both(u, v)

    def _both(self, u, v):
        return {(u, v)} if self.directed else {(u, v), (v, u)}

    def update(self, added, removed):
        """Counts: added, removed, already there, not there, self-loops, new accounts."""
        counts = dict.fromkeys(("added", "removed", "already_there", "not_there", "self_loops", "new_accounts"), 0)
        for u, v in removed:
            counts["removed" if (u, v) in self.arcs else "not_there"] += 1
            self.arcs -= self._both(u, v)
        for u, v in added:
            for account in (u, v):
                if account not in self.accounts:
                    self.accounts.append(account)
                    counts["new_accounts"] += 1
            if u == v:
                counts["self_loops"] += 1
                continue
            counts["already_there" if (u, v) in self.arcs else "added"] += 1
            self.arcs |= self._both(u, v)
        return counts

    def numbered(self):
        """Arcs as positions, with weights of 1, sorted."""
        place = {account: i for i, account in enumerate(self.accounts)}
        return sorted((place[u], place[v], 1) for u, v in self.arcs)

    def pagerank(self, damping=0.85):
        """As the definition has it."""
        return naive_centrality.pagerank(len(self.accounts), self.numbered(), damping)

    def k_core(self):
        """As the definition has it."""
        return naive_centrality.core_numbers(len(self.accounts), self.numbered())

    def katz(self, alpha):
        """Solve (I - alpha A^T) x = 1 in fractions."""
        n, share = len(self.accounts), Fraction(alpha)
        system = [[Fraction(i == j) for j in range(n)] + [Fraction(1)] for i in range(n)]
        for u, v, _ in self.numbered():
            system[v][u] -= share
        return [float(x) for x in naive_centrality._solve(system)]
