// Implements the writer of branches in the entry function.
#include "LowerBranches.h"

#include "Bodies.h"

using namespace mlir;

namespace tegula::codegen::host {

/// The members of TglHost behind `launch`.
static constexpr int64_t readMember = 1, refuseMember = 2;

Value BranchWriter::constant(Type type, int64_t value) {
  OpBuilder &builder = target->builder;
  return LLVM::ConstantOp::create(builder, main.getLoc(), type, builder.getIntegerAttr(type, value));
}

Value BranchWriter::callback(int64_t number) {
  OpBuilder &builder = target->builder;
  Type pointer = LLVM::LLVMPointerType::get(main.getContext());
  Value member = LLVM::GEPOp::create(builder, main.getLoc(), pointer, pointer, target->entry.getArgument(0),
                                     ArrayRef<LLVM::GEPArg>{int32_t(number)});
  return LLVM::LoadOp::create(builder, main.getLoc(), pointer, member);
}

void BranchWriter::start(Target where) {
  target.emplace(where);
  if (!any())
    return;
  OpBuilder &builder = target->builder;
  Type pointer = LLVM::LLVMPointerType::get(main.getContext()), i8 = builder.getI8Type();
  for (auto choose : main.getOps<tile::ChooseOp>()) {
    Value &flag = flags[rootOf(choose.getCondition())];
    if (flag)
      continue;
    flag = LLVM::AllocaOp::create(builder, main.getLoc(), pointer, i8, constant(builder.getI64Type(), 1));
    LLVM::StoreOp::create(builder, main.getLoc(), constant(i8, 0), flag);
  }
  collectChecks();
  settle(nullptr);
}

void BranchWriter::addCheck(SideCheck check) {
  // Code under conditions uses numbers that are computed here, where they are known to all.
  target->sizes.write(check.lhs);
  target->sizes.write(check.rhs);
  auto isSame = [&](const SideCheck &other) {
    return other.guard == check.guard && other.kind == check.kind && other.lhs == check.lhs &&
           other.rhs == check.rhs && other.check.text == check.check.text;
  };
  if (llvm::none_of(pending, isSame))
    pending.push_back(std::move(check));
}

void BranchWriter::collectChecks() {
  for (auto choose : main.getOps<tile::ChooseOp>())
    for (bool isThen : {true, false}) {
      Guard guard = guards.of(choose).under({rootOf(choose.getCondition()), isThen});
      ArrayAttr list = isThen ? choose.getThenRequireAttr() : choose.getElseRequireAttr();
      for (const graph::Requirement &each : graph::readRequirements(list)) {
        bool isNever = each.kind == graph::Requirement::Kind::Never;
        addCheck({guard,
                  each.kind,
                  each.lhs,
                  each.rhs,
                  {each.node, each.text + (isNever ? "" : ", got {0} and {1}")}});
      }
    }
  // Sizes that only a branch needs are checked when it is taken.
  auto checkSize = [&](tile::SizeOp size, const Guard &guard) {
    if (graph::Dim value(size.getExpr()); !guard.isAlways() && value.minimum().value_or(-1) < 0)
      addCheck({guard,
                graph::Requirement::Kind::AtMost,
                0,
                value,
                {firstNode(size), "expected a size of at least 0, got {1}"}});
  };
  for (auto size : main.getOps<tile::SizeOp>())
    checkSize(size, guards.of(size));
  for (auto loop : main.getOps<tile::LoopOp>())
    for (func::FuncOp body : unconditionalBodiesOf(loop)) {
      Guards inside(body);
      for (auto size : body.getOps<tile::SizeOp>())
        if (inside.of(size).isAlways())
          checkSize(size, guards.of(loop));
    }
}

// ---- Jumps ----

Value BranchWriter::holds(const Guard &guard) {
  OpBuilder &builder = target->builder;
  Location loc = main.getLoc();
  Value any;
  for (const Guard::Term &term : guard.products()) {
    Value all;
    for (const Literal &literal : term) {
      Value flag = LLVM::LoadOp::create(builder, loc, builder.getI8Type(), flags.lookup(literal.condition));
      Value one =
          LLVM::ICmpOp::create(builder, loc, literal.when ? LLVM::ICmpPredicate::ne : LLVM::ICmpPredicate::eq,
                               flag, constant(builder.getI8Type(), 0));
      all = all ? LLVM::AndOp::create(builder, loc, all, one).getResult() : one;
    }
    any = any ? LLVM::OrOp::create(builder, loc, any, all).getResult() : all;
  }
  return any ? any : constant(builder.getI1Type(), 0);
}

void BranchWriter::enter(const Guard &guard) {
  if (guard == current)
    return;
  OpBuilder &builder = target->builder;
  if (next) {
    LLVM::BrOp::create(builder, main.getLoc(), next);
    builder.setInsertionPointToEnd(next);
    next = nullptr;
  }
  current = guard;
  if (guard.isAlways())
    return;
  Value condition = holds(guard);
  Block *body = target->entry.addBlock();
  next = target->entry.addBlock();
  LLVM::CondBrOp::create(builder, main.getLoc(), condition, body, next);
  builder.setInsertionPointToEnd(body);
}

// ---- Conditions ----

void BranchWriter::readFlag(Value condition) {
  OpBuilder &builder = target->builder;
  Type pointer = LLVM::LLVMPointerType::get(main.getContext());
  auto type = LLVM::LLVMFunctionType::get(builder.getI32Type(), {pointer, pointer});
  auto byte = LLVM::CallOp::create(
      builder, main.getLoc(), type,
      ValueRange{callback(readMember), target->entry.getArgument(0), target->addressOf(condition)});
  Value flag = LLVM::TruncOp::create(builder, main.getLoc(), builder.getI8Type(), byte.getResult());
  LLVM::StoreOp::create(builder, main.getLoc(), flag, flags.lookup(condition));
  known.insert(condition);
}

bool BranchWriter::isKnown(const Guard &guard) const {
  return llvm::all_of(guard.products(), [&](const Guard::Term &term) {
    return llvm::all_of(term, [&](const Literal &literal) { return known.contains(literal.condition); });
  });
}

void BranchWriter::settle(Operation *op) {
  bool isNew = false;
  for (Value condition : llvm::make_first_range(flags)) {
    Operation *source = condition.getDefiningOp();
    bool isHere = op ? source == op : !source || source->hasTrait<OpTrait::ConstantLike>();
    if (!isHere)
      continue;
    enter(op ? guards.of(op) : Guard::always());
    readFlag(condition);
    isNew = true;
  }
  if (!isNew && op)
    return;
  SmallVector<SideCheck> later;
  for (SideCheck &check : pending) {
    if (!isKnown(check.guard)) {
      later.push_back(std::move(check));
      continue;
    }
    enter(check.guard);
    writeCheck(check);
  }
  pending = std::move(later);
}

void BranchWriter::writeCheck(const SideCheck &check) {
  OpBuilder &builder = target->builder;
  Location loc = main.getLoc();
  Value lhs = target->sizes.write(check.lhs), rhs = target->sizes.write(check.rhs);
  Value wrong = constant(builder.getI1Type(), 1);
  if (check.kind != graph::Requirement::Kind::Never)
    wrong = LLVM::ICmpOp::create(builder, loc,
                                 check.kind == graph::Requirement::Kind::Equal ? LLVM::ICmpPredicate::ne
                                                                               : LLVM::ICmpPredicate::sgt,
                                 lhs, rhs);
  checks.push_back(check.check);
  Block *failure = target->entry.addBlock(), *rest = target->entry.addBlock();
  LLVM::CondBrOp::create(builder, loc, wrong, failure, rest);
  builder.setInsertionPointToEnd(failure);
  Type pointer = LLVM::LLVMPointerType::get(main.getContext()), i32 = builder.getI32Type(),
       i64 = builder.getI64Type();
  auto type =
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(main.getContext()), {pointer, i32, i64, i64});
  LLVM::CallOp::create(builder, loc, type,
                       ValueRange{callback(refuseMember), target->entry.getArgument(0),
                                  constant(i32, checks.size()), lhs, rhs});
  LLVM::ReturnOp::create(builder, loc, constant(i32, -1));
  builder.setInsertionPointToEnd(rest);
}

} // namespace tegula::codegen::host
